// SPDX-License-Identifier: Apache-2.0

import CProbes
import Capture
import Foundation
import Glibc
import Synchronization
import Telemetry

/// Two network namespaces of the test's own, joined by a virtual cable, gone when it goes away.
///
/// IPv4 only, so that nothing but what a test sends is on the cable.
struct Cable: ~Copyable {
  enum End: Sendable {
    case near, far
  }

  static let nearAddress: UInt32 = 0x0a4d_0001
  static let farAddress: UInt32 = 0x0a4d_0002
  private static let counter = Atomic<Int>(0)

  let near: String
  let far: String

  init() {
    let number = Self.counter.add(1, ordering: .relaxed).newValue
    near = "metaflow-near-\(getpid())-\(number)"
    far = "metaflow-far-\(getpid())-\(number)"
    for name in [near, far] {
      Self.ip("netns", "add", name)
      Self.inside(name) {
        for scope in ["all", "default"] {
          write("1", to: "/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6")
        }
      }
      Self.ip("-n", name, "link", "set", "lo", "up")
    }
    plug()
  }

  deinit {
    Self.ip("netns", "del", near)
    Self.ip("netns", "del", far)
  }

  /// Joins the namespaces: the link `near0` in one and `far0` in the other.
  func plug() {
    Self.ip(
      "-n", near, "link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", far)
    Self.ip("-n", near, "address", "add", "10.77.0.1/24", "dev", "near0")
    Self.ip("-n", far, "address", "add", "10.77.0.2/24", "dev", "far0")
    Self.ip("-n", near, "link", "set", "near0", "up")
    Self.ip("-n", far, "link", "set", "far0", "up")
  }

  func unplug() {
    Self.ip("-n", near, "link", "del", "near0")
  }

  func name(of end: End) -> String { end == .near ? near : far }

  /// A socket of one end; it stays there whoever uses it.
  func socket(_ end: End, datagram: Bool) -> TestSocket {
    let descriptor = Self.inside(name(of: end)) {
      Glibc.socket(AF_INET, CInt((datagram ? SOCK_DGRAM : SOCK_STREAM).rawValue), 0)
    }
    return TestSocket(descriptor: descriptor)
  }

  /// A datagram socket of the near end that the far end may send to, and takes it all.
  func sink(_ end: End = .near) -> TestSocket {
    let sink = socket(end, datagram: true)
    sink.bind(.v4, host: end == .near ? Self.nearAddress : Self.farAddress)
    return sink
  }

  /// Sends an empty UDP packet in a tagged frame from the far end.
  func sendFrame(tags: [UInt16]) {
    var frame = [UInt8](repeating: 0xff, count: 6) + [2, 0, 0, 0, 0, 9]
    for half in tags + [0x0800] { frame += [UInt8(half >> 8), UInt8(half & 0xff)] }
    frame += [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 77, 0, 2, 10, 77, 0, 1]
    frame += [0, 9, 0, 9, 0, 8, 0, 0]
    Self.inside(far) {
      let descriptor = Glibc.socket(AF_PACKET, CInt(SOCK_RAW.rawValue), 0)
      let index = unsafe CInt(if_nametoindex("far0"))
      precondition(mf_bind_packets(descriptor, index) == 0, "no raw socket, errno \(errno)")
      let sent = unsafe Glibc.write(descriptor, frame, frame.count)
      precondition(sent == frame.count, "a frame was not sent, errno \(errno)")
      close(descriptor)
    }
  }

  /// Packets of the far end that the kernel had no room for on the way to the near one, where nobody
  /// could capture them: a busy machine has such.
  var lost: UInt64 {
    let lines = Self.inside(far) {
      (try? String(contentsOfFile: "/proc/thread-self/net/dev", encoding: .utf8)) ?? ""
    }
    let line = lines.split(separator: "\n").first { $0.contains("far0:") }
    // Eight of what was received, then bytes, packets, errors and drops of what was sent.
    let numbers = line?.split(separator: ":").last?.split(separator: " ") ?? []
    return numbers.count > 11 ? UInt64(numbers[11]) ?? 0 : 0
  }

  /// Makes a tunnel device with the address 10.80.0.1 at the near end and returns what its other side
  /// is read and written through, one packet at a time.
  func openTunnel() -> CInt {
    let descriptor = Self.inside(near) { () -> CInt in
      let descriptor = unsafe open("/dev/net/tun", O_RDWR | O_CLOEXEC)
      // struct ifreq: a name of 16 bytes, then IFF_TUN and IFF_NO_PI; TUNSETIFF (linux/if_tun.h).
      var request = Array("tunnel".utf8) + [UInt8](repeating: 0, count: 34)
      (request[16], request[17]) = (0x01, 0x10)
      let failed = unsafe ioctl(descriptor, 0x4004_54ca, &request)
      precondition(failed == 0, "no tunnel device, errno \(errno)")
      return descriptor
    }
    Self.ip("-n", near, "address", "add", "10.80.0.1/24", "dev", "tunnel")
    Self.ip("-n", near, "link", "set", "tunnel", "up")
    return descriptor
  }

  /// Runs `body` on a thread of its own at the near end with a session there.
  func capture<Result>(
    _ options: PacketOptions, _ body: (inout PacketSession) throws -> Result
  ) throws -> Result {
    let outcome = Self.inside(near) { () -> Swift.Result<Result, any Error> in
      do {
        var session = try PacketSession.open(options)
        return .success(try body(&session))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// Runs `body` on a thread of its own in a named namespace.
  static func inside<Result>(_ name: String, _ body: () -> Result) -> Result {
    OtherThread.run {
      let descriptor = unsafe open("/run/netns/\(name)", O_RDONLY | O_CLOEXEC)
      precondition(mf_enter_namespace(descriptor, 0) == 0, "no way into \(name), errno \(errno)")
      close(descriptor)
      return body()
    }
  }

  /// One at a time: two that bind or unbind namespaces at once leave one behind.
  private static let oneAtATime = Mutex(())

  static func ip(_ arguments: String...) {
    oneAtATime.withLock { _ in runIP(arguments) }
  }

  private static func runIP(_ arguments: [String]) {
    var copies = unsafe (["ip"] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let failed = unsafe posix_spawn(&pid, "/usr/sbin/ip", nil, nil, &copies, environ)
    precondition(failed == 0, "ip did not start; install iproute2")
    Child.wait(pid)
  }
}

private func write(_ text: String, to path: String) {
  let descriptor = unsafe open(path, O_WRONLY)
  unsafe _ = Glibc.write(descriptor, text, text.utf8.count)
  close(descriptor)
}

extension TestSocket {
  /// Hands the descriptor to someone else, who must close it.
  consuming func release() -> CInt {
    let kept = descriptor
    discard self
    return kept
  }

  /// Sends datagrams to an address, `count` times.
  func send(_ payload: [UInt8], to host: UInt32, port: UInt16, count: Int = 1) {
    for _ in 0..<count {
      let sent = unsafe Self.withAddress(.v4, port: port, host: host) { address, size in
        unsafe payload.withUnsafeBytes {
          unsafe sendto(descriptor, $0.baseAddress, $0.count, 0, address, size)
        }
      }
      precondition(sent == payload.count, "a datagram was not sent, errno \(errno)")
    }
  }
}

/// A consumer that keeps everything.
struct PacketRecorder: PacketConsumer {
  struct Seen {
    let packet: CapturedPacket
    let bytes: [UInt8]

    func half(_ offset: Int) -> UInt16 {
      offset + 1 < bytes.count ? UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) : 0
    }

    /// Of an IPv4 packet without options on Ethernet.
    var transport: UInt8 { bytes.count > 23 ? bytes[23] : 0 }
    var sourcePort: UInt16 { half(34) }
    var destinationPort: UInt16 { half(36) }
    /// Of a TCP segment: what it carries, by its headers.
    var segmentBytes: Int {
      let headers = 20 + Int(bytes.count > 46 ? bytes[46] >> 4 : 0) * 4
      return Int(half(16)) - headers
    }
  }

  var seen: [Seen] = []
  var interfaces: [UInt32: InterfaceDescription] = [:]

  mutating func packet(_ packet: CapturedPacket, bytes: Span<UInt8>) {
    seen.append(Seen(packet: packet, bytes: bytes.indices.map { bytes[$0] }))
  }

  mutating func interface(_ id: UInt32, is description: InterfaceDescription) {
    interfaces[id] = description
  }

  /// Drains until `condition` holds or a minute is over.
  mutating func drain(
    _ session: inout PacketSession,
    until condition: (borrowing PacketRecorder, borrowing PacketSession) -> Bool
  ) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    repeat {
      try session.drain(timeoutMilliseconds: 5, into: &self)
    } while !condition(self, session) && ContinuousClock.now < deadline
  }
}
