// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a frame says, section 2.4.
enum CassandraOperation: UInt8 {
  case error = 0x00
  case startup = 0x01
  case ready = 0x02
  case authenticate = 0x03
  case options = 0x05
  case supported = 0x06
  case query = 0x07
  case result = 0x08
  case prepare = 0x09
  case execute = 0x0a
  case register = 0x0b
  case event = 0x0c
  case batch = 0x0d
  case authChallenge = 0x0e
  case authResponse = 0x0f
  case authSuccess = 0x10

  var sender: Side {
    switch self {
    case .startup, .options, .query, .prepare, .execute, .register, .batch, .authResponse: .client
    default: .server
    }
  }

  var name: StaticString {
    switch self {
    case .error: "ERROR"
    case .startup: "STARTUP"
    case .ready: "READY"
    case .authenticate: "AUTHENTICATE"
    case .options: "OPTIONS"
    case .supported: "SUPPORTED"
    case .query: "QUERY"
    case .result: "RESULT"
    case .prepare: "PREPARE"
    case .execute: "EXECUTE"
    case .register: "REGISTER"
    case .event: "EVENT"
    case .batch: "BATCH"
    case .authChallenge: "AUTH_CHALLENGE"
    case .authResponse: "AUTH_RESPONSE"
    case .authSuccess: "AUTH_SUCCESS"
    }
  }
}

/// The head of a frame, section 2: a version, flags, a stream, an operation, a length.
struct CassandraFrame {
  static let size = 9
  /// Section 2.5: at most 256 MB.
  private static let longest = 1 << 28

  let version: UInt8
  let flags: UInt8
  let stream: UInt16
  let operation: CassandraOperation
  let bodyCount: Int

  var length: Int { Self.size + bodyCount }
  var isCompressed: Bool { flags & 1 != 0 }

  /// Nil when the view ends in it, or it is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size, (3...5).contains(bytes[0] & 0x7f), bytes[1] <= 0x1f,
      let operation = CassandraOperation(rawValue: bytes[4]),
      operation.sender == (bytes[0] < 0x80 ? .client : .server)
    else { return nil }
    bodyCount = Int(bytes.bigEndian32(at: 5))
    guard bodyCount <= Self.longest else { return nil }
    version = bytes[0] & 0x7f
    flags = bytes[1]
    stream = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
    self.operation = operation
  }

  /// Where the body's own fields begin: behind a trace's id, warnings and what a server's plugins add
  /// (sections 2.2 and 4.2). Nil when that is not in view.
  func bodyStart(in bytes: Span<UInt8>) -> Int? {
    var cursor = ByteCursor(at: Self.size, to: min(length, bytes.count))
    do throws(EndOfBytes) {
      if operation.sender == .server {
        if flags & 2 != 0 { try cursor.skip(16, in: bytes) }
        if flags & 8 != 0 {
          for _ in 0..<(try cursor.number(of: 2, in: bytes)) {
            try cursor.skip(Int(cursor.number(of: 2, in: bytes)), in: bytes)
          }
        }
      }
      if flags & 4 != 0 {
        for _ in 0..<(try cursor.number(of: 2, in: bytes)) {
          try cursor.skip(Int(cursor.number(of: 2, in: bytes)), in: bytes)
          let count = Int(Int32(truncatingIfNeeded: try cursor.number(of: 4, in: bytes)))
          try cursor.skip(max(0, count), in: bytes)
        }
      }
    } catch { return nil }
    return cursor.place
  }
}
