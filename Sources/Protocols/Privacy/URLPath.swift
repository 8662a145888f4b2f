// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The segments of a URL's path, and which of them are secrets: the one behind a name such as `token`
/// or `api-key`.
struct URLPath: ~Escapable {
  private let bytes: Span<UInt8>
  private let end: Int
  private var position: Int
  private var followsName = false

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next segment, without its slash; nil at the end.
  @_lifetime(self: copy self)
  mutating func next(_ rules: PrivacyRules) -> (segment: Range<Int>, isSecret: Bool)? {
    guard position < end else { return nil }
    if bytes[position] == slash { position += 1 }
    let start = position
    while position < end, bytes[position] != slash { position += 1 }
    let segment = start..<position
    guard !segment.isEmpty else { return (segment, false) }
    let isSecret = followsName && !isOperation(segment)
    followsName = !isSecret && rules.isSecret(bytes, segment, inPath: true)
    return (segment, isSecret || isWebToken(bytes, segment))
  }

  /// What is done with tokens and passwords, where their resource takes verbs: `/token/refresh`.
  private func isOperation(_ segment: Range<Int>) -> Bool {
    let words: [StaticString] = [
      "REFRESH", "REVOKE", "VERIFY", "INTROSPECT", "VALIDATE", "NEW", "CREATE", "LIST", "RESET",
      "FORGOT", "CHANGE", "UPDATE", "INFO", "STATUS", "CHECK", "REQUEST", "CONFIRM", "RENEW",
      "EXCHANGE", "GENERATE", "TOKEN", "TOKENS", "PASSWORD",
    ]
    return bytes.isWord(in: words, at: segment)
  }

  /// Whether nothing in a path needs a closer look, as is usual: no byte that stands in, or behind, the
  /// name of a secret. Every such name has `ke`, `cr`, `hr`, or a `w` behind j, p or s in it.
  static func isPlain(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    if range.count >= 16, range.lowerBound > 0, isSurelyPlain(bytes, range) { return true }
    var previous: UInt8 = 0
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      switch byte {
      case 0x3a, 0x3b, 0x3d, 0x40, 0x25: return false  // : ; = @ %
      case 0x2d, 0x2e, 0x5f:  // - . _
        index += 1
        continue
      case 0x4a where previous == 0x79: return false  // yJ, as in eyJ
      case 0x45, 0x65: if previous | 0x20 == 0x6b { return false }  // ke
      case 0x52, 0x72:  // cr, hr
        if previous | 0x20 == 0x63 || previous | 0x20 == 0x68 { return false }
      case 0x57, 0x77:  // jw, pw, sw
        if previous | 0x20 == 0x6a || previous | 0x20 == 0x70 || previous | 0x20 == 0x73 {
          return false
        }
      default: break
      }
      previous = byte
      index += 1
    }
    return true
  }

  /// The same for sixteen bytes and more, behind another; without a closer look at some.
  private static func isSurelyPlain(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let last = range.upperBound - 16
    var index = range.lowerBound
    while index < last {
      if !isPlain(bytes.block(at: index - 1), bytes.block(at: index)) { return false }
      index += 16
    }
    return isPlain(bytes.block(at: last - 1), bytes.block(at: last))
  }

  /// Whether sixteen bytes, each with the one in its place in `previous` before it, are plain for sure.
  @inline(__always)
  private static func isPlain(_ previous: SIMD16<UInt8>, _ bytes: SIMD16<UInt8>) -> Bool {
    let (small, smallBefore) = (bytes | 0x20, previous | 0x20)
    // : ; = @ % and, as they part what belongs together, - . _
    var found = bytes.isOne(of: 2, from: 0x3a) | bytes.equals(0x3d) | bytes.equals(0x40)
    found |= bytes.equals(0x25) | bytes.isOne(of: 2, from: 0x2d) | bytes.equals(0x5f)
    found |= previous.equals(0x79) & bytes.equals(0x4a)
    found |= smallBefore.equals(0x6b) & small.equals(0x65)
    found |= (smallBefore.equals(0x63) | smallBefore.equals(0x68)) & small.equals(0x72)
    let beforeW = smallBefore.equals(0x6a) | smallBefore.equals(0x70) | smallBefore.equals(0x73)
    found |= beforeW & small.equals(0x77)
    return found.isZero
  }
}

private let slash = UInt8(ascii: "/")

/// Whether the bytes begin like a JSON Web Token (RFC 7519): with base64url of `{"`.
func isWebToken(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  guard range.count >= 12, bytes.hasPrefix("eyJ", at: range.lowerBound) else { return false }
  for index in range.prefix(12) {
    let byte = bytes[index]
    let isLetter = (byte | 0x20) &- 0x61 < 26
    if !isLetter, byte &- 0x30 >= 10, byte != 0x2d, byte != 0x5f, byte != 0x2e { return false }
  }
  return true
}
