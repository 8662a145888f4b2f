// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc
internal import Telemetry

/// The number by which the host knows this process.
///
/// The probes speak of processes by the host's numbers. In a pid namespace of its own, as a container
/// has, a process does not know its number there, and getpid(2) may be another's.
package enum OwnProcess {
  /// The inode of the host's pid namespace (PROC_PID_INIT_INO of the kernel's proc_ns.h).
  private static let hostNamespace = "pid:[4026531836]"
  /// How long the own event is waited for.
  private static let patience = 200

  /// nil when it cannot be found out.
  ///
  /// - Throws: ``ProbeError`` when the kernel refuses the probes.
  package static func number() throws(ProbeError) -> UInt32? {
    HostFile.link("/proc/self/ns/pid") == hostNamespace ? UInt32(getpid()) : try search()
  }

  /// Sends itself a datagram that nobody else could send, and looks whom the probes saw sending it.
  package static func search() throws(ProbeError) -> UInt32? {
    guard let talk = OwnTalk() else { return nil }
    var options = ProbeOptions()
    options.ringBytes = 65_536
    options.filter.port = talk.port
    var session = try ProbeSession(options)
    var witness = Witness(secret: talk.secret)
    talk.send()
    for _ in 0..<patience where witness.process == nil {
      do { try session.drain(timeoutMilliseconds: 5, into: &witness) } catch { return nil }
    }
    return witness.process
  }

  private struct Witness: ~Copyable, ProbeConsumer {
    let secret: [UInt8]
    var process: UInt32?

    mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>) {
      guard event.kind == .data, payload.count == secret.count else { return }
      for index in secret.indices where payload[index] != secret[index] { return }
      process = event.process.pid
    }

    mutating func connection(_ event: SocketEvent, _ totals: SocketTotals) {}
    mutating func processStarted(_ process: ProcessKey, parent: ProcessKey?) {}
    mutating func processEnded(_ process: ProcessKey) {}
  }
}

/// Two datagram sockets of loopback, one to send to the other.
private struct OwnTalk: ~Copyable {
  let secret: [UInt8]
  let port: UInt16
  private let receiver: CInt
  private let sender: CInt

  /// nil when there is no loopback.
  init?() {
    var random = SystemRandomNumberGenerator()
    secret = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let receiver = socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let sender = socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isReady = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        unsafe bind(receiver, raw, size) == 0 && getsockname(receiver, raw, &size) == 0
          && connect(sender, raw, size) == 0
      }
    }
    guard isReady else {
      close(receiver)
      close(sender)
      return nil
    }
    self.receiver = receiver
    self.sender = sender
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit {
    close(receiver)
    close(sender)
  }

  func send() {
    unsafe _ = Glibc.send(sender, secret, secret.count, 0)
  }
}
