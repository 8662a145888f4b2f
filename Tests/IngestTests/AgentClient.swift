// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Telemetry
import Wire

/// An agent as the server meets it: a TCP connection and frames. Blocking.
final class AgentClient {
  struct Closed: Error {}

  private let descriptor: CInt
  private var splitter = FrameSplitter()
  private var opener = FrameOpener()
  private var encoder = FrameEncoder()

  init(port: Int) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Closed() }
  }

  deinit { close(descriptor) }

  static func hello(_ instance: UInt64) -> Hello {
    Hello(
      identity: AgentIdentity(machineID: "machine", instanceHigh: 0, instanceLow: instance),
      bootID: "boot", hostname: "web-1", agentVersion: "1",
      protocols: [AnnouncedProtocol(number: ApplicationProtocol(rawValue: 20), name: "HTTP")])
  }

  /// Says hello and returns the answer.
  func greet(_ instance: UInt64 = 1) throws -> HelloAck {
    try send(.hello(Self.hello(instance)))
    guard case .helloAck(let answer) = try receive() else { throw Closed() }
    return answer
  }

  func send(_ frame: Frame) throws {
    try send(try encoder.encode(frame))
  }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Closed() }
      sent += count
    }
  }

  /// The next frame from the server.
  func receive() throws -> Frame {
    var chunk = Array(repeating: UInt8(0), count: 65_536)
    while true {
      if let frame = try splitter.next() { return try opener.open(frame) }
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
      }
      guard count > 0 else { throw Closed() }
      let received = Array(chunk[..<count])
      splitter.append(received.span)
    }
  }

  /// Reads until everything through `sequence` is acknowledged.
  func waitForAck(_ sequence: UInt64) throws {
    while true {
      if case .ack(let through) = try receive(), through >= sequence { return }
    }
  }
}
