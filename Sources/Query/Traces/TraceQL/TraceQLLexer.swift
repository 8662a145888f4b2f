// SPDX-License-Identifier: Apache-2.0

/// The words of a query in TraceQL, with their places in it.
struct TraceQLToken: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// A name, with its dots and colon; a keyword is one.
    case name(String)
    case text(String)
    /// A time is given in nanoseconds.
    case number(Double)
    case sign(String)
    case end
  }

  var kind: Kind
  /// In bytes.
  var offset: Int
}

enum TraceQLLexer {
  /// Longest query, in bytes, and most words in one.
  static let mostBytes = 16_384
  static let mostTokens = 2_000

  private static let signs = [
    "&!>>", "&!<<", "!>>", "!<<", "&>>", "&<<", "&&", "||", ">>", "<<", ">=", "<=", "=~", "!~",
    "!=",
    "!>", "!<", "&>", "&<", "&~", "{", "}", "(", ")", "|", "=", ">", "<", "~", "!", ",", "+", "-",
    "*", "/", "^", "%",
  ]
  private static let units: [(String, Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ("d", 8.64e13),
  ]

  static func tokens(_ text: String) throws(QueryError) -> [TraceQLToken] {
    let bytes = Array(text.utf8)
    guard bytes.count <= mostBytes else {
      throw QueryError(.limit, "the query has \(bytes.count) bytes; \(mostBytes) are taken")
    }
    var tokens: [TraceQLToken] = []
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x20 || (0x09...0x0d).contains(byte) {
        index += 1
        continue
      }
      guard tokens.count < mostTokens else {
        throw QueryError(.limit, "the query has more than \(mostTokens) words", at: index)
      }
      let start = index
      tokens.append(TraceQLToken(kind: try next(bytes, &index), offset: start))
    }
    return tokens + [TraceQLToken(kind: .end, offset: bytes.count)]
  }

  private static func next(
    _ bytes: [UInt8], _ index: inout Int
  ) throws(QueryError) -> TraceQLToken.Kind {
    let byte = bytes[index]
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") {
      return .text(try quoted(bytes, &index))
    }
    if isDigit(byte) { return .number(try number(bytes, &index)) }
    if isLetter(byte) || byte == UInt8(ascii: ".") {
      return .name(try name(bytes, &index))
    }
    for sign in signs where bytes[index...].starts(with: sign.utf8) {
      index += sign.utf8.count
      return .sign(sign)
    }
    throw QueryError(.syntax, "a query has no such sign", at: index)
  }

  private static func quoted(
    _ bytes: [UInt8], _ index: inout Int
  ) throws(QueryError) -> String {
    let (start, quote) = (index, bytes[index])
    var text: [UInt8] = []
    index += 1
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == quote { return String(decoding: text, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), index < bytes.count else {
        text.append(byte)
        continue
      }
      switch bytes[index] {
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "r"): text.append(0x0d)
      default: text.append(bytes[index])
      }
      index += 1
    }
    throw QueryError(.syntax, "the string has no end", at: start)
  }

  private static func number(
    _ bytes: [UInt8], _ index: inout Int
  ) throws(QueryError) -> Double {
    let start = index
    var total: Double?
    // A time may have several parts: 1m30s.
    while index < bytes.count, isDigit(bytes[index]) {
      let first = index
      while index < bytes.count, isDigit(bytes[index]) || bytes[index] == UInt8(ascii: ".") {
        index += 1
      }
      let digits = String(decoding: bytes[first..<index], as: UTF8.self)
      guard let value = Double(digits) else {
        throw QueryError(.syntax, "'\(digits)' is no number", at: first)
      }
      let unit = units.filter { bytes[index...].starts(with: $0.0.utf8) }
        .max { $0.0.utf8.count < $1.0.utf8.count }
      guard let unit else {
        guard total == nil else { break }
        return value
      }
      index += unit.0.utf8.count
      total = (total ?? 0) + value * unit.1
    }
    guard let total else { throw QueryError(.syntax, "this is no number", at: start) }
    return total
  }

  /// A name's parts may be in quotes: `span."a b"`.
  private static func name(_ bytes: [UInt8], _ index: inout Int) throws(QueryError) -> String {
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\""), text.last == UInt8(ascii: ".") {
        text += Array(try quoted(bytes, &index).utf8)
        continue
      }
      guard isLetter(byte) || isDigit(byte) || ".:_-/".utf8.contains(byte) else { break }
      text.append(byte)
      index += 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte >= 0x80
      || byte == UInt8(ascii: "_")
  }
}
