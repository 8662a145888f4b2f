// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Reads JSON (RFC 8259) forward, as far as somebody asks for what is in it.
///
/// A value of another kind than the one asked for counts as missing: it is gone over, and the answer
/// is empty. What is gone over is looked at only as far as it takes to find its end.
struct JSONReader: ~Escapable {
  /// How deep objects and lists that are looked into may lie in each other.
  private static let deepest = 32

  private let bytes: Span<UInt8>
  private(set) var offset = 0
  /// Whether nothing was read yet of the innermost object or list.
  private var isAtStart = false
  private var depth = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  func fault(_ expected: String) -> JSONFault { JSONFault(offset: offset, expected: expected) }

  /// The next byte behind white space; nil at the end.
  @_lifetime(self: copy self)
  mutating func peek() -> UInt8? {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0a, 0x0d: offset += 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Whether an object begins here; any other value is gone over.
  @_lifetime(self: copy self)
  mutating func enterObject() throws(JSONFault) -> Bool { try enter(UInt8(ascii: "{")) }

  /// Whether a list begins here; any other value is gone over.
  @_lifetime(self: copy self)
  mutating func enterList() throws(JSONFault) -> Bool { try enter(UInt8(ascii: "[")) }

  @_lifetime(self: copy self)
  private mutating func enter(_ opening: UInt8) throws(JSONFault) -> Bool {
    guard peek() == opening else {
      try skip()
      return false
    }
    guard depth < Self.deepest else { throw fault("no more than \(Self.deepest) levels") }
    offset += 1
    depth += 1
    isAtStart = true
    return true
  }

  /// The name of the object's next member, whose value follows; nil behind the last one.
  @_lifetime(self: copy self)
  mutating func nextKey() throws(JSONFault) -> String? {
    guard try goesOn(until: UInt8(ascii: "}")) else { return nil }
    guard peek() == UInt8(ascii: "\"") else { throw fault("a member's name") }
    let key = try quoted()
    guard peek() == UInt8(ascii: ":") else { throw fault("':'") }
    offset += 1
    return key
  }

  /// Whether the list has another value, which follows.
  @_lifetime(self: copy self)
  mutating func nextElement() throws(JSONFault) -> Bool { try goesOn(until: UInt8(ascii: "]")) }

  @_lifetime(self: copy self)
  private mutating func goesOn(until closing: UInt8) throws(JSONFault) -> Bool {
    defer { isAtStart = false }
    let byte = peek()
    if byte == closing {
      offset += 1
      depth -= 1
      return false
    }
    guard !isAtStart else { return true }
    guard byte == UInt8(ascii: ",") else {
      throw fault("',' or '\(Unicode.Scalar(closing))'")
    }
    offset += 1
    return true
  }

  /// A text; empty where the value is none.
  @_lifetime(self: copy self)
  mutating func text() throws(JSONFault) -> String {
    guard peek() == UInt8(ascii: "\"") else {
      try skip()
      return ""
    }
    return try quoted()
  }

  /// A whole number; nil where the value is none, or is none that 64 bits hold.
  @_lifetime(self: copy self)
  mutating func integer() throws(JSONFault) -> Int64? {
    guard let first = peek() else { throw fault("a value") }
    guard first == UInt8(ascii: "-") || first &- 0x30 < 10 else {
      try skip()
      return nil
    }
    let start = offset
    try skip()
    return Int64(plainText(from: start, to: offset))
  }

  /// Whether the value is `true`.
  @_lifetime(self: copy self)
  mutating func flag() throws(JSONFault) -> Bool {
    let isTrue = peek() == UInt8(ascii: "t")
    try skip()
    return isTrue
  }

  /// Every text of a list of texts.
  @_lifetime(self: copy self)
  mutating func texts() throws(JSONFault) -> [String] {
    var texts: [String] = []
    guard try enterList() else { return texts }
    while try nextElement() {
      let text = try text()
      if !text.isEmpty { texts.append(text) }
    }
    return texts
  }

  /// Nothing but white space follows.
  @_lifetime(self: copy self)
  mutating func expectEnd() throws(JSONFault) {
    guard peek() == nil else { throw fault("the end") }
  }

  func plainText(from start: Int, to end: Int) -> String {
    let part = bytes.clipped(start..<end)
    do {
      return String(copying: try UTF8Span(validating: part))
    } catch {
      var copy: [UInt8] = []
      for index in part.indices { copy.append(part[index]) }
      return String(decoding: copy, as: UTF8.self)
    }
  }
}

extension JSONReader {
  /// Goes over the value that begins here.
  @_lifetime(self: copy self)
  mutating func skip() throws(JSONFault) {
    guard let first = peek() else { throw fault("a value") }
    switch first {
    case UInt8(ascii: "\""): try skipQuoted()
    case UInt8(ascii: "{"), UInt8(ascii: "["): try skipNested()
    case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ":"):
      throw fault("a value")
    default:
      while offset < bytes.count {
        switch bytes[offset] {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0...0x20: return
        default: offset += 1
        }
      }
    }
  }

  @_lifetime(self: copy self)
  private mutating func skipNested() throws(JSONFault) {
    var open = 0
    while offset < bytes.count {
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        try skipQuoted()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
      default: break
      }
      offset += 1
      if open == 0 { return }
    }
    throw fault("the end of an object or list")
  }

  @_lifetime(self: copy self)
  private mutating func skipQuoted() throws(JSONFault) {
    offset += 1
    while let end = bytes.firstIndex(of: UInt8(ascii: "\""), from: offset, to: bytes.count) {
      guard
        let escape = bytes.firstIndex(of: UInt8(ascii: "\\"), from: offset, to: end)
      else {
        offset = end + 1
        return
      }
      offset = min(escape + 2, bytes.count)
    }
    offset = bytes.count
    throw fault("the end of a text")
  }

  /// The text that begins with the quotation mark here.
  @_lifetime(self: copy self)
  private mutating func quoted() throws(JSONFault) -> String {
    let start = offset + 1
    try skipQuoted()
    let end = offset - 1
    guard bytes.firstIndex(of: UInt8(ascii: "\\"), from: start, to: end) != nil else {
      return plainText(from: start, to: end)
    }
    var escapes = JSONEscapes(bytes.clipped(start..<end))
    return escapes.resolved()
  }
}
