// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a record holds: RFC 8446 section 5.1.
enum TLSContent {
  static let changeCipherSpec: UInt8 = 20
  static let alert: UInt8 = 21
  static let handshake: UInt8 = 22
  static let applicationData: UInt8 = 23
}

/// The head of a record: what it holds, a version, a length.
struct TLSRecord {
  static let head = 5
  /// RFC 5246 section 6.2.3.
  static let longest = 1 << 14 + 2_048

  let type: UInt8
  let length: Int

  /// Nil for what is no head; `bytes` has as many from `place` on.
  init?(_ bytes: Span<UInt8>, at place: Int = 0) {
    guard place >= 0, place + Self.head <= bytes.count else { return nil }
    type = bytes[place]
    length = Int(bytes[place + 3]) << 8 | Int(bytes[place + 4])
    guard 20...23 ~= type, bytes[place + 1] == 3, bytes[place + 2] <= 4, length > 0,
      length <= Self.longest
    else { return nil }
  }

  var end: Int { Self.head + length }
}

/// The contents of the records of a handshake at the front of a view, put together: messages may lie in
/// several records, and a record may hold several (RFC 8446 section 5.1).
struct TLSRun: ~Copyable {
  /// Bytes of a view that are looked at.
  static let reach = 16_384 + 2_048
  private static let capacity = 16_384

  private var copy = InlineArray<16_384, UInt8>(repeating: 0)
  private(set) var count = 0
  /// Where the record ends that was read last, perhaps beyond the view.
  private(set) var end = 0
  /// Whether that record is not in view as a whole.
  private(set) var isCut = false
  /// What comes behind it, if that is something else than more of the handshake.
  private(set) var follower: UInt8?

  init() {}

  /// Whether no more bytes can be added, however many come.
  var isOver: Bool { follower != nil || count == Self.capacity }

  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { copy.span.clipped(from: 0, to: count) }
  }

  /// Reads on until there are `wanted` bytes, as far as there are any: of records that are in view as a
  /// whole, unless no more bytes will be.
  mutating func gather(_ wanted: Int, of window: Span<UInt8>, isLast: Bool) {
    while count < min(wanted, Self.capacity), !isCut, follower == nil {
      guard let record = TLSRecord(window, at: end) else {
        if end + TLSRecord.head <= window.count { follower = 0 }
        return
      }
      guard record.type == TLSContent.handshake else { return follower = record.type }
      let start = end + TLSRecord.head
      end += record.end
      isCut = end > window.count
      if isCut, !isLast { return }
      for index in start..<min(end, window.count) where count < Self.capacity {
        copy[count] = window[index]
        count += 1
      }
    }
  }
}
