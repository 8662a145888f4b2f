// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a server chose: RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3.
struct TLSServerHello {
  private(set) var version = 0
  private(set) var cipher = 0
  /// The protocol that goes on inside; a server of version 1.3 says it where nobody sees.
  private(set) var agreed = 0..<0
  private(set) var group: Int?
  /// It goes on with a session of before, as its key says.
  private(set) var hasKey = false
  /// It asks for another hello (RFC 8446 section 4.1.4).
  private(set) var isRetry = false

  static let type: UInt8 = 2

  /// Reads the body of the message that begins at `start`; nil when it is none.
  init?(_ bytes: Span<UInt8>, at start: Int, to end: Int) {
    var cursor = ByteCursor(at: start, to: end)
    do throws(EndOfBytes) {
      version = Int(try cursor.number(of: 2, in: bytes))
      guard version >> 8 == 3 || version >> 8 == 0xfe else { return nil }
      isRetry = try cursor.number(of: 8, in: bytes) == Self.retry
      try cursor.skip(24, in: bytes)
      let session = Int(try cursor.byte(in: bytes))
      guard session <= 32 else { return nil }
      try cursor.skip(session, in: bytes)
      cipher = Int(try cursor.number(of: 2, in: bytes))
      try cursor.skip(1, in: bytes)
      guard cursor.remaining > 0 else { return }
      let count = Int(try cursor.number(of: 2, in: bytes))
      cursor.end = min(cursor.end, cursor.place + count)
      while cursor.remaining > 0 {
        let type = Int(try cursor.number(of: 2, in: bytes))
        let length = Int(try cursor.number(of: 2, in: bytes))
        read(type, try cursor.range(of: length, in: bytes), of: bytes)
      }
    } catch {
      if cipher == 0 { return nil }
    }
  }

  /// The first bytes of the digest of "HelloRetryRequest", which stands for the random ones.
  private static let retry: UInt64 = 0xcf21_ad74_e59a_6111

  private mutating func read(_ type: Int, _ range: Range<Int>, of bytes: Span<UInt8>) {
    var cursor = ByteCursor(at: range.lowerBound, to: range.upperBound)
    switch type {
    case TLSExtension.supportedVersions:
      if let value = try? cursor.number(of: 2, in: bytes) { version = Int(value) }
    case TLSExtension.keyShare:
      if let value = try? cursor.number(of: 2, in: bytes) { group = Int(value) }
    case TLSExtension.preSharedKey: hasKey = true
    case TLSExtension.protocols:
      if (try? cursor.skip(2, in: bytes)) != nil, let count = try? cursor.byte(in: bytes),
        let name = try? cursor.range(of: Int(count), in: bytes)
      {
        agreed = name
      }
    default: break
    }
  }

  /// Whether what follows it is encrypted.
  var hidesRest: Bool { version == 0x0304 || version == 0xfefc || version >> 8 == 0x7f }
}
