// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads the bodies of one call for what is looked for in them, as they come.
struct HTTPContentReader: Sendable {
  let content: HTTPContent
  private(set) var facts = JSONFacts()
  private var scan = JSONScan()
  /// Whether the answer is a stream of events, of whose data each is JSON; how much of `data:` the line began
  /// with, and whether it is passed over.
  private var isEvents = false
  private var matched: UInt8 = 0
  private var isPassedOver = false
  /// Bytes of the request that were looked at.
  private var seen = 0

  /// Bytes within which a request of JSON-RPC says that it is one.
  static let decided = 1_024
  private static let mark: InlineArray<5, UInt8> = [0x64, 0x61, 0x74, 0x61, 0x3a]

  init(_ content: HTTPContent, _ source: Span<UInt8>, path: Range<Int>) {
    self.content = content
    guard content.kind == .gemini else { return }
    // `/v1beta/models/gemini-2:generateContent`
    var start = path.upperBound
    while start > path.lowerBound, source[start - 1] != UInt8(ascii: "/") { start -= 1 }
    for index in start..<path.upperBound {
      if source[index] == UInt8(ascii: ":") { break }
      facts.model.append(source[index])
    }
  }

  /// The answer begins, in `type`.
  mutating func beginAnswer(_ type: Span<UInt8>) {
    facts.isAnswer = true
    scan = JSONScan()
    isEvents = type.begins(with: "text/event-stream")
    if isEvents, content.kind != .jsonRPC { facts.isStream = true }
  }

  /// Whether nothing that comes can say anything.
  var isDone: Bool {
    if content.kind == .jsonRPC, !facts.isJSONRPC, facts.isAnswer || seen > Self.decided {
      return true
    }
    return facts.isAnswer && scan.isBroken && !isEvents
  }

  mutating func feed(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    if !facts.isAnswer { seen += range.count }
    guard facts.isAnswer, isEvents else { return scan.scan(bytes, range, &facts) }
    var position = range.lowerBound
    while position < range.upperBound {
      let end = bytes.firstIndex(of: 0x0a, from: position, to: range.upperBound)
      let lineEnd = end ?? range.upperBound
      while !isPassedOver, matched < 5, position < lineEnd {
        if bytes[position] == Self.mark[Int(matched)] { matched += 1 } else { isPassedOver = true }
        position += 1
      }
      if !isPassedOver, position < lineEnd { scan.scan(bytes, position..<lineEnd, &facts) }
      position = lineEnd
      guard end != nil else { return }
      position += 1
      matched = 0
      isPassedOver = false
      scan = JSONScan()
    }
  }

  /// Says on the desk's message, the end of the answer, what was found.
  func describe(on desk: inout Desk) {
    switch content.kind {
    case .openAI: describeModel("openai", on: &desk)
    case .anthropic: describeModel("anthropic", on: &desk)
    case .gemini: describeModel("gemini", on: &desk)
    case .ollama: describeModel("ollama", on: &desk)
    case .graphQL: describeGraphQL(on: &desk)
    case .jsonRPC: describeJSONRPC(on: &desk)
    }
  }

  private func describeModel(_ system: StaticString, on desk: inout Desk) {
    // Without a model, and tokens where others have such paths, it is something else.
    guard !facts.model.isEmpty || !facts.answeringModel.isEmpty,
      content.kind != .ollama || !facts.answeringModel.isEmpty
    else { return }
    desk.fields.append(attribute: "gen_ai.system", system, to: &desk.message.attributes)
    desk.fields.append(
      attribute: "gen_ai.operation.name", content.operation, to: &desk.message.attributes)
    append("gen_ai.request.model", facts.model, on: &desk)
    append("gen_ai.response.model", facts.answeringModel, on: &desk)
    if let count = facts.inputTokens {
      desk.fields.append(
        attribute: "gen_ai.usage.input_tokens", number: count, to: &desk.message.attributes)
    }
    if let count = facts.outputTokens {
      desk.fields.append(
        attribute: "gen_ai.usage.output_tokens", number: count, to: &desk.message.attributes)
    }
    append("gen_ai.response.finish_reasons", facts.finishReason, on: &desk)
    if facts.isStream {
      desk.fields.append(attribute: "gen_ai.request.stream", "true", to: &desk.message.attributes)
    }
  }

  /// https://spec.graphql.org/draft/#sec-Response: errors come with a status of success.
  private func describeGraphQL(on desk: inout Desk) {
    let operation = GraphQLOperation(facts.query)
    guard let type = operation.type else { return }
    desk.fields.append(attribute: "graphql.operation.type", type, to: &desk.message.attributes)
    append(
      "graphql.operation.name", facts.operation.isEmpty ? operation.name : facts.operation,
      on: &desk)
    guard facts.hasErrors else { return }
    append("graphql.error.code", facts.errorCode, on: &desk)
    let isOfClient =
      facts.errorCode.isEqual(to: "GRAPHQL_VALIDATION_FAILED")
      || facts.errorCode.isEqual(to: "GRAPHQL_PARSE_FAILED")
      || facts.errorCode.isEqual(to: "BAD_USER_INPUT")
      || facts.errorCode.isEqual(to: "UNAUTHENTICATED")
      || facts.errorCode.isEqual(to: "FORBIDDEN")
    fail(isOfClient ? .clientError : .serverError, on: &desk)
  }

  /// https://www.jsonrpc.org/specification, and what is spoken in it: the Model Context Protocol.
  private func describeJSONRPC(on desk: inout Desk) {
    guard facts.isJSONRPC, !facts.method.isEmpty else { return }
    desk.fields.append(attribute: "rpc.system", "jsonrpc", to: &desk.message.attributes)
    append("rpc.method", facts.method, on: &desk)
    append("rpc.jsonrpc.request_id", facts.id, on: &desk)
    if facts.method.isEqual(to: "tools/call") { append("gen_ai.tool.name", facts.tool, on: &desk) }
    guard facts.hasErrors else { return }
    append("rpc.jsonrpc.error_code", facts.errorCode, on: &desk)
    let code = facts.errorCode.number ?? 0
    let isOfClient = code == -32_700 || (-32_602...(-32_600)).contains(code)
    fail(isOfClient ? .clientError : .serverError, on: &desk)
  }

  private func fail(_ status: ResponseStatus, on desk: inout Desk) {
    if !desk.message.status.isError { desk.message.status = status }
    guard desk.message.texts.responseException.isEmpty else { return }
    desk.message.texts.responseException = desk.fields.append(
      errorText: facts.errorText.span, at: 0..<facts.errorText.count, .values,
      isCut: facts.errorText.count == ShortText.limit)
  }

  private func append(_ name: StaticString, _ text: ShortText, on desk: inout Desk) {
    guard !text.isEmpty else { return }
    let shown = desk.fields.append(freeText: text.span, at: 0..<text.count)
    var copy = ShortText()
    for byte in desk.fields.bytes(shown) { copy.append(byte) }
    desk.fields.append(attribute: name, copy.span, to: &desk.message.attributes)
  }
}

/// The first words of a document of GraphQL: what it does, and its name.
struct GraphQLOperation {
  private(set) var type: StaticString?
  private(set) var name = ShortText()

  init(_ query: ShortText) {
    let text = query.span
    var position = 0
    while position < text.count, text[position] <= 0x20 { position += 1 }
    guard position < text.count else { return }
    if text[position] == UInt8(ascii: "{") {
      type = "query"
      return
    }
    for word in ["query", "mutation", "subscription"] as [StaticString]
    where text.clipped(from: position, to: text.count).begins(with: word) {
      type = word
      position += word.utf8CodeUnitCount
    }
    guard type != nil else { return }
    while position < text.count, text[position] <= 0x20 { position += 1 }
    while position < text.count {
      let byte = text[position]
      guard (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5f else { break }
      name.append(byte)
      position += 1
    }
  }
}
