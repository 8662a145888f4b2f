// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What stands before each request: https://kafka.apache.org/protocol#protocol_messages.
struct KafkaHeader {
  let key: Int
  let version: Int
  let correlation: UInt32
  /// Empty when there is none, or when it does not lie in view.
  private(set) var clientID: Range<Int> = 0..<0
  /// Where the body begins; nil when that is not known.
  private(set) var body: Int?

  /// Bytes of the length that stands before each message.
  static let front = 4

  var api: KafkaAPI? { KafkaAPI.numbered(key) }

  var isFlexible: Bool { (api?.flexible ?? 0) <= version }

  /// Reads the head of a request, whose length is in the view, too; nil when the view ends in its
  /// numbers.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= 12 else { return nil }
    key = Int(bytes[4]) << 8 | Int(bytes[5])
    version = Int(bytes[6]) << 8 | Int(bytes[7])
    correlation = bytes.bigEndian32(at: 8)
    // ControlledShutdown once had no client id.
    if key == 7, version == 0 {
      body = 12
      return
    }
    // Its length is never a varint.
    var cursor = KafkaCursor(at: 12, isFlexible: false)
    guard let text = try? cursor.text(in: bytes) else { return }
    clientID = text
    var tags = KafkaCursor(at: cursor.place, isFlexible: isFlexible)
    if api != nil, (try? tags.tags(in: bytes)) != nil { body = tags.place }
  }
}
