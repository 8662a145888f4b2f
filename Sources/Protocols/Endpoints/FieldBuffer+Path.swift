// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Paths by their kind: what is surely an id is ``placeholder``, whatever id it is, so that
/// `/users/4711/orders/9f3c2a` and those of other users are `/users/{id}/orders/{id}`.
///
/// Decided by the segment alone, so that everybody who sees it says the same. What only many segments
/// tell, such as names of people, is learned later, of each service.
extension FieldBuffer {
  /// Stands for an id.
  static let placeholder: StaticString = "{id}"
  /// Segments of a path that are told apart; those behind them are `**`.
  static let mostSegments = 12

  /// Whether a path, which begins with a slash, is its own endpoint: nothing in it can be an id, and no
  /// segment is empty or `.`.
  static func isItsOwnKind(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    guard path.count <= 256 else { return isPlain(bytes, path) && segments(bytes, path) }
    guard path.count >= 16, path.lowerBound > 0 else { return isPlain(bytes, path) }
    let last = path.upperBound - 16
    var index = path.lowerBound
    while index < last {
      if !isPlain(bytes.block(at: index - 1), bytes.block(at: index)) { return false }
      index += 16
    }
    return isPlain(bytes.block(at: last - 1), bytes.block(at: last))
  }

  @inline(__always)
  private static func isPlain(_ previous: SIMD16<UInt8>, _ bytes: SIMD16<UInt8>) -> Bool {
    // Digits, and : ; behind them; @ % and a slash with another, or a dot, behind it.
    let found = bytes.isOne(of: 12, from: 0x30) | bytes.equals(0x40) | bytes.equals(0x25)
    let isDotOrSlash = bytes.isOne(of: 2, from: 0x2e)
    return (found | previous.equals(slash) & isDotOrSlash).isZero
  }

  private static func isPlain(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    var previous: UInt8 = 0
    for index in path {
      let byte = bytes[index]
      if byte &- 0x30 < 12 || byte == 0x40 || byte == 0x25 { return false }
      if previous == slash, byte == slash || byte == dot { return false }
      previous = byte
    }
    return true
  }

  /// Whether a path has no more segments than are told apart.
  private static func segments(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    var count = 0
    for index in path where bytes[index] == slash { count += 1 }
    return count <= mostSegments
  }

  /// Pushes a segment without what follows `;`, ids in it by their placeholder: `4711` as `{id}`,
  /// `order-4711.pdf` as `order-{id}.pdf`. A version, such as `v2` or `1.0`, stays.
  mutating func push(kindOf segment: Span<UInt8>) {
    // Nearly every segment is a word or a number.
    var digits = 0
    var isPlain = true
    var index = 0
    while index < segment.count {
      let byte = segment[index]
      if byte &- 0x30 < 10 {
        digits += 1
      } else if byte == 0x25 || byte == 0x3b || byte == 0x40 {
        isPlain = false
      }
      index += 1
    }
    if isPlain, digits == 0 { return push(segment) }
    if isPlain, digits == segment.count { return push(Self.placeholder) }
    push(closerKindOf: segment)
  }

  /// The same of a segment that may be anything.
  private mutating func push(closerKindOf segment: Span<UInt8>) {
    let end = segment.firstIndex(of: UInt8(ascii: ";"), from: 0, to: segment.count) ?? segment.count
    let segment = segment.clipped(from: 0, to: end)
    if Self.isVersionNumber(segment) { return push(segment) }
    if Self.isAddress(segment) || Self.isToken(segment) { return push(Self.placeholder) }
    // Where what was pushed ends in an id and what parts it from the next.
    var identifierEnd = -1
    var index = 0
    while index < segment.count {
      let start = index
      if !Self.isOfWord(segment[index]) {
        index += Self.isEscape(segment, index) ? 3 : 1
        push(segment.clipped(from: start, to: index))
        continue
      }
      if let end = Self.endOfUUID(segment, index) {
        index = end
        pushIdentifier(&identifierEnd)
        continue
      }
      while index < segment.count, Self.isOfWord(segment[index]) { index += 1 }
      let word = segment.clipped(from: start, to: index)
      switch WordShape(word) {
      case .name:
        push(word)
        identifierEnd = -1
      case .identifier: pushIdentifier(&identifierEnd)
      case .numbered(let from):
        push(word.clipped(from: 0, to: from))
        push(Self.placeholder)
        identifierEnd = mark
      }
    }
  }

  /// Pushes the placeholder; one that follows another, as the parts of a date do, is the same id.
  private mutating func pushIdentifier(_ end: inout Int) {
    if end >= 0 { cut(to: end) } else { push(Self.placeholder) }
    end = mark
  }

  /// `1.0`, `v2.1.3`.
  private static func isVersionNumber(_ segment: Span<UInt8>) -> Bool {
    var dots = 0
    var digits = 0
    for index in segment.indices {
      let byte = segment[index]
      if index == 0, byte | 0x20 == UInt8(ascii: "v") { continue }
      if byte == dot {
        guard digits > 0 else { return false }
        dots += 1
        digits = 0
      } else {
        guard byte &- 0x30 < 10, digits < 3 else { return false }
        digits += 1
      }
    }
    return (1...2).contains(dots) && digits > 0
  }

  /// `ann@shop.example`, also with the sign written as `%40`.
  private static func isAddress(_ segment: Span<UInt8>) -> Bool {
    var domain: Int?
    for index in segment.indices.dropFirst() {
      if segment[index] == UInt8(ascii: "@") {
        domain = index + 1
      } else if isEscape(segment, index), segment[index + 1] == 0x34, segment[index + 2] == 0x30 {
        domain = index + 3
      }
    }
    guard let domain, domain < segment.count else { return false }
    var lastDot: Int?
    for index in domain..<segment.count where segment[index] == dot { lastDot = index }
    guard let lastDot, lastDot > domain, lastDot + 2 < segment.count else { return false }
    return (segment[lastDot + 1] | 0x20) &- 0x61 < 26
  }

  /// Whether it reads like base64, also for URLs, as signatures and keys do: letters, digits and signs take
  /// turns as chance has it.
  private static func isToken(_ segment: Span<UInt8>) -> Bool {
    guard segment.count >= 16 else { return false }
    var seen: UInt8 = 0
    var previous: UInt8 = 0
    var changes = 0
    for index in segment.indices {
      let byte = segment[index]
      let kind: UInt8
      switch byte {
      case 0x30...0x39: kind = 1
      case 0x41...0x5a: kind = 2
      case 0x61...0x7a: kind = 4
      case 0x2b, 0x2d, 0x2e, 0x3d, 0x5f, 0x7e, 0x25: kind = 8
      default: return false
      }
      seen |= kind
      if kind != previous { changes += 1 }
      previous = kind
    }
    return seen & 7 == 7 && changes * 2 > segment.count
  }

  @inline(__always)
  private static func isOfWord(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte >= 0x80
  }

  /// Whether an escaped byte begins at `index`, RFC 3986 section 2.1.
  private static func isEscape(_ segment: Span<UInt8>, _ index: Int) -> Bool {
    segment[index] == UInt8(ascii: "%") && index + 3 <= segment.count
      && isHexadecimal(segment[index + 1]) && isHexadecimal(segment[index + 2])
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
  }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")
