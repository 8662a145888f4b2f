// SPDX-License-Identifier: Apache-2.0

/// Reads the text of a regular expression.
struct PatternReader {
  private let scalars: [Unicode.Scalar]
  private let offset: Int
  private var index = 0
  private var depth = 0
  private static let deepest = 32
  private static let mostRepeats = 100

  init(_ scalars: [Unicode.Scalar], offset: Int) {
    (self.scalars, self.offset) = (scalars, offset)
  }

  private func wrong(_ message: String) -> QueryError {
    QueryError(.misuse, "the pattern cannot be used: \(message)", at: offset)
  }

  private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    index += 1
    return true
  }

  mutating func whole() throws(QueryError) -> PatternNode {
    let node = try choice()
    guard index == scalars.count else { throw wrong("there is a ')' too many") }
    return node
  }

  private mutating func choice() throws(QueryError) -> PatternNode {
    depth += 1
    guard depth <= Self.deepest else { throw wrong("it is nested too deeply") }
    var all = [try sequence()]
    while skip("|") { all.append(try sequence()) }
    depth -= 1
    return all.count == 1 ? all[0] : .choice(all)
  }

  private mutating func sequence() throws(QueryError) -> PatternNode {
    var all: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      all.append(try repeated(try atom()))
    }
    return all.isEmpty ? .empty : .sequence(all)
  }

  private mutating func repeated(_ atom: PatternNode) throws(QueryError) -> PatternNode {
    var node = atom
    while let scalar = next {
      switch scalar {
      case "*": node = .repeated(node, 0, nil)
      case "+": node = .repeated(node, 1, nil)
      case "?": node = .repeated(node, 0, 1)
      case "{":
        index += 1
        node = try counted(node)
        _ = skip("?")
        continue
      default: return node
      }
      index += 1
      // Whether as much or as little as possible is taken does not matter.
      _ = skip("?")
      guard next != "*", next != "+", next != "{" else { throw wrong("nothing is there to repeat") }
    }
    return node
  }

  private mutating func counted(_ node: PatternNode) throws(QueryError) -> PatternNode {
    let least = try count()
    var most: Int? = least
    if skip(",") { most = next == "}" ? nil : try count() }
    guard skip("}"), most.map({ $0 >= least }) ?? true else {
      throw wrong("a count is written {2}, {2,} or {2,5}")
    }
    return .repeated(node, least, most)
  }

  private mutating func count() throws(QueryError) -> Int {
    var number = 0
    var hasDigit = false
    while let digit = next.flatMap({ Int(String($0)) }), number <= Self.mostRepeats {
      number = number * 10 + digit
      hasDigit = true
      index += 1
    }
    guard hasDigit, number <= Self.mostRepeats else {
      throw wrong("a count is a number up to \(Self.mostRepeats)")
    }
    return number
  }

  private mutating func atom() throws(QueryError) -> PatternNode {
    guard let scalar = next else { return .empty }
    index += 1
    switch scalar {
    case "(":
      if skip("?"), !skip(":") { throw wrong("only (?: and, in front, (?i) are known") }
      let inner = try choice()
      guard skip(")") else { throw wrong("a ')' is missing") }
      return inner
    case ".": return .scalar(ScalarClass(ranges: [0x0a...0x0a], isNegated: true))
    case "[": return .scalar(try bracket())
    case "\\": return .scalar(try escaped())
    case "^" where index == 1: return .empty
    case "$" where index == scalars.count: return .empty
    case "*", "+", "?": throw wrong("nothing is there to repeat")
    default: return .scalar(ScalarClass(ranges: [scalar.value...scalar.value]))
    }
  }

  private mutating func escaped() throws(QueryError) -> ScalarClass {
    guard let scalar = next else { throw wrong("it ends behind a backslash") }
    index += 1
    let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    let words: [ClosedRange<UInt32>] = digits + [0x41...0x5a, 0x5f...0x5f, 0x61...0x7a]
    let spaces: [ClosedRange<UInt32>] = [0x09...0x0a, 0x0c...0x0d, 0x20...0x20]
    switch scalar {
    case "d", "D": return ScalarClass(ranges: digits, isNegated: scalar == "D")
    case "w", "W": return ScalarClass(ranges: words, isNegated: scalar == "W")
    case "s", "S": return ScalarClass(ranges: spaces, isNegated: scalar == "S")
    case "n": return ScalarClass(ranges: [0x0a...0x0a])
    case "t": return ScalarClass(ranges: [0x09...0x09])
    case "r": return ScalarClass(ranges: [0x0d...0x0d])
    case "0"..."9", "a"..."z", "A"..."Z": throw wrong("\\\(scalar) is not known")
    default: return ScalarClass(ranges: [scalar.value...scalar.value])
    }
  }

  private mutating func bracket() throws(QueryError) -> ScalarClass {
    var ranges: [ClosedRange<UInt32>] = []
    let isNegated = skip("^")
    var isFirst = true
    while let scalar = next, isFirst || scalar != "]" {
      index += 1
      isFirst = false
      if scalar == "\\" {
        let inner = try escaped()
        guard !inner.isNegated else { throw wrong("a class cannot hold the opposite of another") }
        ranges += inner.ranges
        continue
      }
      guard next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
        ranges.append(scalar.value...scalar.value)
        continue
      }
      let last = scalars[index + 1]
      index += 2
      guard scalar.value <= last.value else { throw wrong("a range in [] runs backwards") }
      ranges.append(scalar.value...last.value)
    }
    guard skip("]") else { throw wrong("a ']' is missing") }
    return ScalarClass(ranges: ranges, isNegated: isNegated)
  }
}
