// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// Takes fields out of messages by rules.
struct FieldHook: MessageHook {
  private struct Rule: Sendable {
    var rule: FieldRules.Rule
    var endpoint: [UInt8]?
    var names: Set<String>
    var fields: [(target: FieldRules.Target, source: Reader)]
    var success: [[UInt8]]
    /// Whether its messages have heads of lines in front of their bodies.
    var hasHeads: Bool
  }

  private enum Reader: Sendable {
    case json(JSONPath)
    case header([UInt8])
    case bytes(offset: Int, count: Int)
    case protobuf([UInt64])
    case between([UInt8], [UInt8])
  }

  let name: String
  let protocols: [String]
  let payload: Int
  let headers: [[UInt8]]
  private let rules: [Rule]
  private let numbers: [UInt8: String]

  init(_ rules: FieldRules, allowed: Int) {
    name = rules.name
    payload = min(rules.payload, allowed)
    protocols = Array(Set(rules.rules.flatMap(\.protocols))).sorted()
    numbers = Dictionary(
      builtInProtocols.spoken.map { ($0.number.rawValue, $0.name.lowercased()) }
    ) { first, _ in first }
    headers = rules.rules.flatMap(\.fields).compactMap { field in
      if case .header(let name) = field.source { Array(name.utf8) } else { nil }
    }
    self.rules = rules.rules.map { rule in
      Rule(
        rule: rule, endpoint: rule.endpoint.map { Array($0.utf8) },
        names: Set(rule.protocols.map { $0.lowercased() }),
        fields: rule.fields.map { ($0.target, Self.reader($0.source)) },
        success: rule.success.map { Array($0.utf8) },
        hasHeads: rule.protocols.allSatisfy { $0.lowercased() == "http" })
    }
  }

  private static func reader(_ source: FieldRules.Source) -> Reader {
    switch source {
    case .json(let path): .json(JSONPath(path))
    case .header(let name): .header(Array(name.utf8))
    case .bytes(let offset, let count): .bytes(offset: offset, count: count)
    case .protobuf(let path): .protobuf(path)
    case .between(let start, let end): .between(Array(start.utf8), Array(end.utf8))
    }
  }

  func amend(
    _ desk: inout Desk, of number: ApplicationProtocol, from side: Side, bytes: Span<UInt8>,
    head: borrowing MessageHead
  ) {
    guard let spoken = numbers[number.rawValue] else { return }
    let half = desk.message.kind == .response ? FieldRules.Half.response : .request
    for rule in rules where rule.rule.half == half && rule.names.contains(spoken) {
      // Answers say no endpoint: whoever pairs them knows it, and it is too late then.
      if let pattern = rule.endpoint, half == .request,
        !Self.matches(pattern, desk.fields.bytes(desk.message.texts.endpoint))
      {
        continue
      }
      for (target, source) in rule.fields {
        take(target, source, rule, bytes, head, on: &desk)
      }
    }
  }

  private func take(
    _ target: FieldRules.Target, _ source: Reader, _ rule: Rule, _ bytes: Span<UInt8>,
    _ head: borrowing MessageHead, on desk: inout Desk
  ) {
    let body = rule.hasHeads ? HeaderFields.end(of: bytes) ?? bytes.count : 0
    switch source {
    case .header(let name):
      var value = InlineArray<1_024, UInt8>(repeating: 0)
      guard let count = head.copy(name, of: desk, to: &value) else { return }
      put(value.span.extracting(first: count), target, rule, on: &desk)
    case .json(let path):
      guard let range = path.find(in: bytes, from: body) else { return }
      put(bytes.clipped(range), target, rule, on: &desk)
    case .bytes(let offset, let count):
      guard bytes.count - body >= offset + count else { return }
      put(bytes.clipped(from: body + offset, to: body + offset + count), target, rule, on: &desk)
    case .between(let start, let end):
      guard let range = Self.between(start, end, in: bytes, from: body) else { return }
      put(bytes.clipped(range), target, rule, on: &desk)
    case .protobuf(let path):
      switch ProtobufPath.find(path, in: bytes, from: body) {
      case .bytes(let range): put(bytes.clipped(range), target, rule, on: &desk)
      case .number(let number): put(String(number).utf8Span.span, target, rule, on: &desk)
      case nil: return
      }
    }
  }

  private func put(
    _ value: Span<UInt8>, _ target: FieldRules.Target, _ rule: Rule, on desk: inout Desk
  ) {
    guard !value.isEmpty else { return }
    switch target {
    case .attribute(let name):
      desk.fields.append(attribute: name.utf8Span.span, value, to: &desk.message.attributes)
    case .endpoint: desk.message.texts.endpoint = desk.fields.append(value)
    case .requestType: desk.message.texts.requestType = desk.fields.append(value)
    case .domain: desk.message.texts.requestDomain = desk.fields.append(value)
    case .resource: desk.message.texts.requestResource = desk.fields.append(value)
    case .exception: desk.message.texts.responseException = desk.fields.append(value)
    case .result: desk.message.texts.responseResult = desk.fields.append(value)
    case .traceID: desk.message.texts.traceID = desk.fields.append(value)
    case .spanID: desk.message.texts.spanID = desk.fields.append(value)
    case .proxyClient: desk.message.texts.proxyClient = desk.fields.append(value)
    case .requestID:
      if desk.message.kind == .response {
        desk.message.texts.responseXRequestID = desk.fields.append(value)
      } else {
        desk.message.texts.requestXRequestID = desk.fields.append(value)
      }
    case .code: judge(value, rule, on: &desk)
    }
  }

  /// Says whether a code of a service is an error.
  private func judge(_ value: Span<UInt8>, _ rule: Rule, on desk: inout Desk) {
    if let number = Self.number(value) { desk.message.code = number }
    guard !rule.success.isEmpty, desk.message.kind == .response,
      !rule.success.contains(where: { Self.isSame($0, value) })
    else { return }
    desk.message.status = rule.rule.blamesServer ? .serverError : .clientError
    desk.message.isEndSeen = true
    if desk.message.texts.responseException.isEmpty {
      desk.message.texts.responseException = desk.fields.append(value)
    }
  }

  private static func number(_ value: Span<UInt8>) -> Int32? {
    guard value.count <= 10 else { return nil }
    var number: Int64 = 0
    for index in 0..<value.count {
      let digit = value[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      number = number * 10 + Int64(digit)
    }
    return Int32(exactly: number)
  }

  private static func isSame(_ text: [UInt8], _ value: Span<UInt8>) -> Bool {
    guard text.count == value.count else { return false }
    for index in 0..<text.count where text[index] != value[index] { return false }
    return true
  }

  /// Whether a text is like a pattern, in which * is any text.
  static func matches(_ pattern: [UInt8], _ text: ArraySlice<UInt8>) -> Bool {
    var (place, position) = (0, text.startIndex)
    var star: (place: Int, position: Int)?
    while position < text.endIndex {
      if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
        star = (place, position)
        place += 1
      } else if place < pattern.count, pattern[place] == text[position] {
        place += 1
        position += 1
      } else if let last = star {
        star = (last.place, last.position + 1)
        (place, position) = (last.place + 1, last.position + 1)
      } else {
        return false
      }
    }
    while place < pattern.count, pattern[place] == UInt8(ascii: "*") { place += 1 }
    return place == pattern.count
  }

  private static func between(
    _ start: [UInt8], _ end: [UInt8], in bytes: Span<UInt8>, from: Int
  ) -> Range<Int>? {
    guard let begin = place(of: start, in: bytes, from: from) else { return nil }
    let first = begin + start.count
    return place(of: end, in: bytes, from: first).map { first..<$0 }
  }

  private static func place(of word: [UInt8], in bytes: Span<UInt8>, from: Int) -> Int? {
    guard let first = word.first, bytes.count >= word.count else { return nil }
    var start = from
    while let found = bytes.firstIndex(of: first, from: start, to: bytes.count - word.count + 1) {
      var count = 1
      while count < word.count, bytes[found + count] == word[count] { count += 1 }
      if count == word.count { return found }
      start = found + 1
    }
    return nil
  }
}
