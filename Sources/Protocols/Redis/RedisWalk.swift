// SPDX-License-Identifier: Apache-2.0

/// Walks an array of any size, of whatever is nested in it, piece by piece: it need never be in view as
/// a whole.
struct RedisWalk: Sendable {
  /// Values that are still to begin, and bytes of the last one that are still to come.
  private var remaining = 0
  private var left = 0
  /// Whether a value that was passed is an error, and where the first stood in the bytes that were
  /// walked over last.
  private(set) var hasError = false
  private(set) var errorPlace: Int?

  var isInside: Bool { remaining > 0 || left > 0 }

  /// Bytes from the place that was reached to the end, once they are known.
  var rest: Int? { remaining == 0 ? left : nil }

  enum Move {
    /// Past so many bytes; 0 when the next value's head is not in view.
    case by(Int)
    case malformed
  }

  /// Begins in front of `count` values.
  mutating func begin(_ count: Int) {
    self = RedisWalk()
    remaining = count
  }

  private mutating func noteError(at index: Int) {
    if !hasError { errorPlace = index }
    hasError = true
  }

  /// Moves over what is at the front of `bytes`, at most to its end.
  mutating func advance(_ bytes: Span<UInt8>) -> Move {
    var index = min(left, bytes.count)
    left -= index
    errorPlace = nil
    while remaining > 0, left == 0, index < bytes.count {
      let type = bytes[index]
      switch type {
      case 0x2b, 0x2d, 0x3a, 0x5f, 0x23, 0x2c, 0x28:  // + - : _ # , (
        guard let next = RedisFrame.lineEnd(bytes, from: index + 1) else { return .by(index) }
        if type == 0x2d { noteError(at: index) }
        index = next
        remaining -= 1
      case 0x24, 0x3d, 0x21:  // $ = !
        switch RedisFrame.count(bytes, at: index + 1) {
        case .needMore: return .by(index)
        case .malformed: return .malformed
        case .value(let length, let next):
          guard length <= RedisFrame.longestBulk else { return .malformed }
          if type == 0x21 { noteError(at: index) }
          let end = length < 0 ? next : next + length + 2
          index = min(end, bytes.count)
          left = end - index
          remaining -= 1
        }
      case 0x2a, 0x7e, 0x3e, 0x25, 0x7c:  // * ~ > % |
        switch RedisFrame.count(bytes, at: index + 1) {
        case .needMore: return .by(index)
        case .malformed: return .malformed
        case .value(let number, let next):
          guard number <= RedisFrame.largestCount, remaining <= 1 << 40 else { return .malformed }
          let elements = max(0, number) * (type == 0x25 || type == 0x7c ? 2 : 1)
          // An attribute stands before the value it belongs to and is not itself one.
          remaining += elements - (type == 0x7c ? 0 : 1)
          index = next
        }
      default: return .malformed
      }
    }
    return .by(index)
  }
}
