// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport

/// What came back for one request.
struct HTTPAnswer {
  var status: Int
  /// By name in lower case.
  var fields: [String: String]
  var body: String

  var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
  }
}

/// A connection that says what it is told, byte by byte: no client library mends it.
final class RawConnection {
  struct Failure: Error {}

  private let descriptor: CInt
  private var received: [UInt8] = []
  private(set) var isClosed = false

  init(port: Int) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 || errno == EINPROGRESS else { throw Failure() }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&waiting, 1, 10_000) == 1 else { throw Failure() }
  }

  deinit { close(descriptor) }

  func send(_ text: String) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let sent = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw Failure() }
      bytes = bytes.dropFirst(sent)
    }
  }

  /// Takes what has come.
  private func receive() {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !isClosed {
      let count = unsafe buffer.withUnsafeMutableBytes { buffer in
        unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
      }
      if count > 0 {
        received += buffer[..<count]
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        isClosed = true
      } else {
        return
      }
    }
  }

  /// The next answer, whole; what was cut short by the end of the connection counts as it is.
  func answer() async throws -> HTTPAnswer {
    try await eventually("an answer") {
      receive()
      return try next()
    }
  }

  /// Waits until the other side has closed the connection.
  func closed() async throws {
    _ = try await eventually("the end of the connection") {
      receive()
      return isClosed ? true : nil
    }
  }

  private func next() throws -> HTTPAnswer? {
    let text = String(decoding: received, as: UTF8.self)
    guard let head = text.range(of: "\r\n\r\n") else {
      if isClosed { throw Failure() }
      return nil
    }
    let lines = text[..<head.lowerBound].components(separatedBy: "\r\n")
    let status = Int(lines[0].split(separator: " ")[1]) ?? 0
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = line[line.index(after: colon)...]
        .trimmingCharacters(in: .whitespaces)
    }
    let start = text[..<head.upperBound].utf8.count
    let length = Int(fields["content-length"] ?? "0") ?? 0
    guard received.count >= start + length || isClosed else { return nil }
    let body = received[start..<min(received.count, start + length)]
    received = Array(received.dropFirst(start + length))
    return HTTPAnswer(
      status: status, fields: fields, body: String(decoding: body, as: UTF8.self))
  }
}
