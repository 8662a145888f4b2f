// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a balancer puts before the first request to say for whom it asks: the PROXY protocol,
/// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, in text (version 1) or binary (2).
enum ProxyHeader {
  case none
  /// The bytes so far may begin one.
  case undecided
  /// It takes this many bytes, which may exceed the view.
  case bytes(Int)

  /// A line of version 1 is at most this long, its end included.
  private static let lineLimit = 107
  /// The first twelve bytes of version 2: CR LF CR LF NUL CR LF, and `QUIT` LF.
  private static let signature: (UInt64, UInt64) = (0x510A_0D00_0A0D_0A0D, 0x0A54_4955)

  init(_ bytes: Span<UInt8>) {
    let first = bytes.count > 0 ? bytes[0] : 0
    self = .none
    if first == UInt8(ascii: "P") {
      self = Self.text(bytes)
    } else if first == 0x0D {
      self = Self.binary(bytes)
    }
  }

  private static func text(_ bytes: Span<UInt8>) -> Self {
    let isOne =
      begins(bytes, like: HeaderName.word("PROXY T", 0), count: 7)
      || begins(bytes, like: HeaderName.word("PROXY U", 0), count: 7)
    guard isOne else { return .none }
    let limit = min(bytes.count, lineLimit)
    if let feed = bytes.firstIndex(of: HTTP1Headers.lineFeed, from: 0, to: limit) {
      return .bytes(feed + 1)
    }
    return limit < lineLimit ? .undecided : .none
  }

  private static func binary(_ bytes: Span<UInt8>) -> Self {
    guard begins(bytes, like: signature.0, count: 8) else { return .none }
    guard bytes.count < 9 || begins(bytes.extracting(droppingFirst: 8), like: signature.1, count: 4)
    else {
      return .none
    }
    guard bytes.count >= 16 else { return .undecided }
    guard bytes[12] >> 4 == 2 else { return .none }
    let length = Int(bytes[14]) << 8 | Int(bytes[15])
    return .bytes(16 + length)
  }

  /// Whether the first `count` bytes, as many as there are, are those of `word`.
  private static func begins(_ bytes: Span<UInt8>, like word: UInt64, count: Int) -> Bool {
    let count = min(bytes.count, count)
    let mask = count == 8 ? UInt64.max : (1 << UInt64(count * 8)) &- 1
    return bytes.word(at: 0) & mask == word & mask
  }
}
