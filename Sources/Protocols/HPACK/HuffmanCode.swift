// SPDX-License-Identifier: Apache-2.0

/// The code in which HPACK writes texts, RFC 7541 section 5.2 and appendix B.
///
/// It is canonical: codes of one length are consecutive numbers in the order of their symbols, and those of
/// the next length go on behind them. So the lengths say it all.
struct HuffmanCode: Sendable {
  static let shared = HuffmanCode()

  /// What a text decodes to.
  struct Decoded {
    /// Bytes of the whole text; only as many as there was room for were written.
    var count: Int
  }

  /// By the next eight bits: a code of at most so many, as its length and symbol; 0 where it is longer.
  private var short = [UInt16](repeating: 0, count: 256)
  /// The longer codes of each length: where they end among numbers of 32 bits, and where in ``symbols``
  /// those begin that the first of them stands for.
  private var long: [Group] = []
  /// Those of the longer codes, in order.
  private var symbols: [UInt16] = []

  private struct Group {
    var length: Int
    var first: UInt64
    var end: UInt64
    var symbol: Int
  }

  /// The symbol that must not occur.
  private static let endOfString = 256

  init() {
    var code: UInt64 = 0
    for length in 1...30 {
      code <<= 1
      let first = code
      let start = symbols.count
      for symbol in 0...Self.endOfString where Int(Self.lengths[symbol]) == length {
        if length <= 8 {
          let place = Int(code) << (8 - length)
          for index in place..<(place + 1 << (8 - length)) {
            short[index] = UInt16(length) << 8 | UInt16(symbol)
          }
        } else {
          symbols.append(UInt16(symbol))
        }
        code += 1
      }
      guard length > 8, code > first else { continue }
      let shift = UInt64(32 - length)
      long.append(
        Group(length: length, first: first << shift, end: code << shift, symbol: start))
    }
  }

  /// Decodes `bytes` to the front of `room`, as far as it goes; nil when they are no text in this code.
  func decode(_ bytes: Span<UInt8>, into room: inout [UInt8]) -> Decoded? {
    var bits: UInt64 = 0
    var known = 0
    var position = 0
    var count = 0
    let limit = room.count
    while true {
      while known <= 56, position < bytes.count {
        bits |= UInt64(bytes[position]) << UInt64(56 - known)
        known += 8
        position += 1
      }
      let entry = short[Int(truncatingIfNeeded: bits >> 56)]
      var length = Int(entry >> 8)
      var symbol = entry & 0xff
      if length == 0 {
        let found = longCode(bits >> 32)
        length = found.length
        symbol = found.symbol
      }
      if length > known { break }
      guard symbol < 256 else { return nil }
      if count < limit { room[count] = UInt8(truncatingIfNeeded: symbol) }
      count += 1
      bits <<= UInt64(length)
      known -= length
    }
    // What is left is the beginning of the end's code, of less than a byte.
    guard known < 8 else { return nil }
    let padding = known == 0 ? 0 : ~bits >> UInt64(64 - known)
    return padding == 0 ? Decoded(count: count) : nil
  }

  /// The code of more than eight bits that 32 bits begin with.
  @inline(never)
  private func longCode(_ window: UInt64) -> (length: Int, symbol: UInt16) {
    for group in long where window < group.end {
      let index = Int((window - group.first) >> UInt64(32 - group.length))
      return (group.length, symbols[group.symbol + index])
    }
    return (64, 0)
  }

  /// Bits of the code of each byte, and of the end of the string.
  private static let lengths: [UInt8] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
  ]
}
