// SPDX-License-Identifier: Apache-2.0

/// Finds the values of a few keys in JSON (RFC 8259) as it comes, in pieces of any size. It keeps what it found
/// and where it is, nothing else, and gives up at what is no JSON or too deep.
struct JSONScan: Sendable {
  /// The keys whose values mean something; see ``JSONPath``.
  enum Key: UInt8, CaseIterable {
    /// A level of a path, too: not 0.
    case other = 1
    case model, usage, stream, choices, message, delta, response, error, errors, code, extensions
    case method, id, jsonrpc, params, name, query, done, candidates, result
    case operationName, modelVersion, usageMetadata
    case promptTokens, completionTokens, inputTokens, outputTokens
    case promptTokenCount, candidatesTokenCount, promptEvalCount, evalCount
    case finishReason, finishReasonOfGemini, stopReason, doneReason
    /// The place of an element of an array.
    case element

    var text: StaticString {
      switch self {
      case .other, .element: ""
      case .model: "model"
      case .usage: "usage"
      case .stream: "stream"
      case .choices: "choices"
      case .message: "message"
      case .delta: "delta"
      case .response: "response"
      case .error: "error"
      case .errors: "errors"
      case .code: "code"
      case .extensions: "extensions"
      case .method: "method"
      case .id: "id"
      case .jsonrpc: "jsonrpc"
      case .params: "params"
      case .name: "name"
      case .query: "query"
      case .done: "done"
      case .candidates: "candidates"
      case .result: "result"
      case .operationName: "operationName"
      case .modelVersion: "modelVersion"
      case .usageMetadata: "usageMetadata"
      case .promptTokens: "prompt_tokens"
      case .completionTokens: "completion_tokens"
      case .inputTokens: "input_tokens"
      case .outputTokens: "output_tokens"
      case .promptTokenCount: "promptTokenCount"
      case .candidatesTokenCount: "candidatesTokenCount"
      case .promptEvalCount: "prompt_eval_count"
      case .evalCount: "eval_count"
      case .finishReason: "finish_reason"
      case .finishReasonOfGemini: "finishReason"
      case .stopReason: "stop_reason"
      case .doneReason: "done_reason"
      }
    }
  }

  private enum Phase: UInt8 {
    case between, string, escape, literal, broken
  }

  /// Containers deeper than this end it.
  private static let depthLimit: UInt8 = 60
  /// Below this depth nothing means anything.
  private static let pathLimit: UInt8 = 5

  private var phase = Phase.between
  private var depth: UInt8 = 0
  /// Whether the container of a depth is an array.
  private var arrays: UInt64 = 0
  private var expectsKey = false
  private var isKey = false
  /// Whether the text or number under way is of a key that means something: no other is kept, not even for
  /// the time that it takes.
  private var isKept = false
  /// By depth, from 1 on.
  private var keys = InlineArray<8, UInt8>(repeating: 0)
  private(set) var text = ShortText()

  var isBroken: Bool { phase == .broken }

  private var isInArray: Bool { arrays & 1 << UInt64(depth) != 0 }

  /// Moves over the bytes at `range`; `found` has each value that means something.
  mutating func scan(_ bytes: Span<UInt8>, _ range: Range<Int>, _ facts: inout JSONFacts) {
    var position = range.lowerBound
    while position < range.upperBound {
      let byte = bytes[position]
      position += 1
      switch phase {
      case .broken: return
      case .string: take(byte, &facts)
      case .escape:
        keep(byte == UInt8(ascii: "n") ? 0x20 : byte)
        phase = .string
      case .literal where isEndOfLiteral(byte):
        finish(isString: false, &facts)
        phase = .between
        between(byte, &facts)
      case .literal: keep(byte)
      case .between: between(byte, &facts)
      }
    }
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8, _ facts: inout JSONFacts) {
    if byte == UInt8(ascii: "\"") {
      phase = .between
      if isKey {
        if depth <= Self.pathLimit { keys[Int(depth)] = Self.key(text).rawValue }
      } else {
        finish(isString: true, &facts)
      }
    } else if byte == UInt8(ascii: "\\") {
      phase = .escape
    } else {
      keep(byte)
    }
  }

  @inline(__always)
  private mutating func keep(_ byte: UInt8) {
    if isKept { text.append(byte) }
  }

  private var isOfKnownKey: Bool {
    guard depth > 0, depth <= Self.pathLimit else { return false }
    let key = keys[Int(depth)]
    return key != Key.other.rawValue && key != Key.element.rawValue
  }

  private mutating func between(_ byte: UInt8, _ facts: inout JSONFacts) {
    switch byte {
    case 0x20, 0x09, 0x0a, 0x0d: break
    case UInt8(ascii: "{"): open(isArray: false, &facts)
    case UInt8(ascii: "["): open(isArray: true, &facts)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard depth > 0, isInArray == (byte == UInt8(ascii: "]")) else { return phase = .broken }
      depth -= 1
      expectsKey = false
    case UInt8(ascii: ","): expectsKey = depth > 0 && !isInArray
    case UInt8(ascii: ":"): expectsKey = false
    case UInt8(ascii: "\""):
      isKey = expectsKey
      isKept = isKey || isOfKnownKey
      text = ShortText()
      phase = .string
    default:
      guard depth > 0, !expectsKey else { return phase = .broken }
      isKept = isOfKnownKey
      text = ShortText()
      keep(byte)
      phase = .literal
    }
  }

  private mutating func open(isArray: Bool, _ facts: inout JSONFacts) {
    guard depth < Self.depthLimit, !expectsKey else { return phase = .broken }
    if depth > 0, depth <= Self.pathLimit { facts.takeContainer(path, isArray: isArray) }
    depth += 1
    if isArray { arrays |= 1 << UInt64(depth) } else { arrays &= ~(1 << UInt64(depth)) }
    expectsKey = !isArray
    if depth <= Self.pathLimit {
      keys[Int(depth)] = isArray ? Key.element.rawValue : Key.other.rawValue
    }
  }

  private func isEndOfLiteral(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): true
    default: false
    }
  }

  private mutating func finish(isString: Bool, _ facts: inout JSONFacts) {
    guard depth > 0, depth <= Self.pathLimit else { return }
    facts.take(path, text, isString: isString)
  }

  /// Where the scan is: the keys from the outside in, a byte each.
  private var path: UInt64 {
    var path: UInt64 = 0
    for level in 1...max(1, Int(depth)) { path = path << 8 | UInt64(keys[level]) }
    return path
  }

  private static func key(_ text: ShortText) -> Key {
    for key in Key.allCases where text.isEqual(to: key.text) { return key }
    return .other
  }
}

/// A text of at most 128 bytes, in place; what is longer is cut.
struct ShortText: Sendable {
  static let limit = 128
  private var bytes = InlineArray<128, UInt8>(repeating: 0)
  private var length: UInt8 = 0

  var count: Int { Int(length) }
  var isEmpty: Bool { length == 0 }
  var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { bytes.span.extracting(first: Int(length)) }
  }

  mutating func append(_ byte: UInt8) {
    guard Int(length) < Self.limit else { return }
    bytes[Int(length)] = byte
    length += 1
  }

  /// Whether it is this text; the empty one is none.
  func isEqual(to text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard count > 0, count == Int(length) else { return false }
    return text.withUTF8Buffer { other in
      for index in 0..<count where bytes[index] != (unsafe other[index]) { return false }
      return true
    }
  }

  /// The number that it is; nil when it is none.
  var number: Int64? {
    var value: Int64 = 0
    let isNegative = !isEmpty && bytes[0] == UInt8(ascii: "-")
    guard length > (isNegative ? 1 : 0), length < 19 else { return nil }
    for index in (isNegative ? 1 : 0)..<Int(length) {
      let digit = bytes[index] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int64(digit)
    }
    return isNegative ? -value : value
  }
}
