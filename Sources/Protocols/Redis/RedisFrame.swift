// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The pieces of RESP2 and RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec/).
enum RedisFrame {
  /// A number that ends its line.
  enum Count {
    case value(Int, next: Int)
    case needMore
    case malformed
  }

  /// Where a value ends.
  enum End: Equatable {
    /// May lie past the view.
    case at(Int)
    /// Past the view, at a place that the view does not tell.
    case unseen
    case malformed
  }

  /// Longest bulk string that a server takes: proto-max-bulk-len, 512 MiB unless configured.
  static let longestBulk = 1 << 32
  static let largestCount = 1 << 31

  /// Reads the decimal number and the line end at `start`; a null is -1.
  @inline(__always)
  static func count(_ bytes: Span<UInt8>, at start: Int) -> Count {
    // Nearly all are of one digit, or two.
    let word = bytes.word(at: start)
    let first = word & 0xff &- 0x30
    if first < 10 {
      if word >> 8 & 0xffff == 0x0a0d { return .value(Int(first), next: start &+ 3) }
      let second = word >> 8 & 0xff &- 0x30
      if second < 10, word >> 16 & 0xffff == 0x0a0d {
        return .value(Int(first &* 10 &+ second), next: start &+ 4)
      }
    }
    return anyCount(bytes, at: start)
  }

  private static func anyCount(_ bytes: Span<UInt8>, at start: Int) -> Count {
    var index = start
    let isNegative = index < bytes.count && bytes[index] == 0x2d
    if isNegative { index += 1 }
    var value = 0
    let digits = index
    while index < bytes.count {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { break }
      guard index &- digits < 12 else { return .malformed }
      value = value &* 10 &+ Int(digit)
      index &+= 1
    }
    guard index < bytes.count else { return .needMore }
    guard index > digits, bytes[index] == 0x0d else { return .malformed }
    guard index + 1 < bytes.count else { return .needMore }
    guard bytes[index + 1] == 0x0a, !isNegative || value == 1 else { return .malformed }
    return .value(isNegative ? -1 : value, next: index + 2)
  }

  /// The place after the line that `start` is in.
  static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
    guard start < bytes.count else { return nil }
    return bytes.firstIndex(of: 0x0a, from: start, to: bytes.count).map { $0 + 1 }
  }

  /// Where the value at the front of `bytes` ends, whatever is nested in it.
  static func end(of bytes: Span<UInt8>) -> End {
    var walk = RedisWalk()
    walk.begin(1)
    guard case .by(let moved) = walk.advance(bytes) else { return .malformed }
    return walk.rest.map { .at(moved + $0) } ?? .unseen
  }

  /// Where the value begins behind the attributes at the front; the end of `bytes` when it is not in
  /// view.
  static func valueStart(_ bytes: Span<UInt8>) -> Int {
    var index = 0
    while index < bytes.count, bytes[index] == 0x7c {
      guard case .value(let pairs, var next) = count(bytes, at: index + 1) else {
        return bytes.count
      }
      for _ in 0..<(2 * max(0, pairs)) {
        guard next < bytes.count,
          case .at(let end) = end(of: bytes.extracting(droppingFirst: next)),
          next + end <= bytes.count
        else { return bytes.count }
        next += end
      }
      index = next
    }
    return index
  }

  /// Where the text of the bulk or simple string at `start` lies; nil when it is not all in view.
  static func text(_ bytes: Span<UInt8>, at start: Int) -> Range<Int>? {
    guard start < bytes.count else { return nil }
    switch bytes[start] {
    case 0x24:
      guard case .value(let length, let next) = count(bytes, at: start + 1), length >= 0,
        length <= longestBulk, next + length <= bytes.count
      else { return nil }
      return next..<(next + length)
    case 0x2b:
      guard let end = lineEnd(bytes, from: start + 1) else { return nil }
      return (start + 1)..<max(start + 1, end - 2)
    default: return nil
    }
  }
}
