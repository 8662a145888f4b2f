// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The head of a frame, section 4.2.3: a type, a channel, a size; behind what it holds stands an octet that
/// is always the same.
struct AMQPFrame {
  enum Kind: UInt8 {
    case method = 1
    case header = 2
    case body = 3
    case heartbeat = 8
  }

  static let headSize = 7
  static let end: UInt8 = 0xce
  static let protocolHeader: StaticString = "AMQP\0\0\u{9}\u{1}"
  static let protocolHeaderSize = 8
  /// Brokers agree on 128 KiB, as a rule.
  private static let largest = 1 << 28

  let kind: Kind
  let channel: UInt16
  let size: Int

  /// With the head and the octet behind.
  var length: Int { Self.headSize + size + 1 }

  /// Nil when the view ends in it, or it is none.
  init?(_ bytes: Span<UInt8>, at start: Int = 0) {
    guard start <= bytes.count - Self.headSize, let kind = Kind(rawValue: bytes[start]) else {
      return nil
    }
    let size = Int(bytes.bigEndian32(at: start + 3))
    guard size <= Self.largest, kind != .method || size >= 4, kind != .header || size >= 14 else {
      return nil
    }
    self.kind = kind
    self.size = size
    channel = UInt16(bytes[start + 1]) << 8 | UInt16(bytes[start + 2])
  }
}
