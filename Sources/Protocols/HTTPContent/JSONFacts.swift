// SPDX-License-Identifier: Apache-2.0

/// What the bodies of a call say, of what is looked for; never their texts.
struct JSONFacts: Sendable {
  var model = ShortText()
  var answeringModel = ShortText()
  var finishReason = ShortText()
  var inputTokens: Int64?
  var outputTokens: Int64?
  var isStream = false
  /// GraphQL's and JSON-RPC's.
  var operation = ShortText()
  var query = ShortText()
  var method = ShortText()
  var tool = ShortText()
  var id = ShortText()
  var isJSONRPC = false
  var hasErrors = false
  var errorCode = ShortText()
  var errorText = ShortText()
  /// Whose body is read.
  var isAnswer = false

  private typealias Key = JSONScan.Key

  private static func path(_ keys: Key...) -> UInt64 {
    keys.reduce(0) { $0 << 8 | UInt64($1.rawValue) }
  }

  // Where things stand, by the interfaces that put them there.
  private static let models: Set<UInt64> = [
    path(.model), path(.modelVersion), path(.message, .model), path(.response, .model),
  ]
  private static let inputs: Set<UInt64> = [
    path(.usage, .promptTokens), path(.usage, .inputTokens), path(.promptEvalCount),
    path(.message, .usage, .inputTokens), path(.response, .usage, .inputTokens),
    path(.usageMetadata, .promptTokenCount),
  ]
  private static let outputs: Set<UInt64> = [
    path(.usage, .completionTokens), path(.usage, .outputTokens), path(.evalCount),
    path(.message, .usage, .outputTokens), path(.response, .usage, .outputTokens),
    path(.usageMetadata, .candidatesTokenCount),
  ]
  private static let reasons: Set<UInt64> = [
    path(.choices, .element, .finishReason), path(.stopReason), path(.delta, .stopReason),
    path(.candidates, .element, .finishReasonOfGemini), path(.doneReason),
  ]
  private static let codes: Set<UInt64> = [
    path(.error, .code), path(.errors, .element, .extensions, .code),
    path(.element, .error, .code),
  ]
  private static let texts: Set<UInt64> = [
    path(.error, .message), path(.errors, .element, .message), path(.element, .error, .message),
  ]
  private static let errors: Set<UInt64> = [
    path(.error), path(.errors, .element), path(.element, .error),
  ]
  private static let stream = path(.stream)
  private static let operationName = path(.operationName)
  private static let query = path(.query)
  private static let methods: Set<UInt64> = [path(.method), path(.element, .method)]
  private static let ids: Set<UInt64> = [path(.id), path(.element, .id)]
  private static let versions: Set<UInt64> = [path(.jsonrpc), path(.element, .jsonrpc)]
  private static let tools: Set<UInt64> = [path(.params, .name)]

  /// An object or an array begins at `path`.
  mutating func takeContainer(_ path: UInt64, isArray: Bool) {
    if isAnswer, !isArray, Self.errors.contains(path) { hasErrors = true }
  }

  /// A value that is no container stands at `path`.
  mutating func take(_ path: UInt64, _ text: ShortText, isString: Bool) {
    // Most values are of keys that mean nothing.
    guard path & 0xff != UInt64(Key.other.rawValue) else { return }
    if isString {
      takeString(path, text)
    } else if let number = text.number {
      takeNumber(path, number, text)
    } else if path == Self.stream, !isAnswer {
      isStream = text.isEqual(to: "true")
    }
  }

  private mutating func takeString(_ path: UInt64, _ text: ShortText) {
    if Self.models.contains(path) {
      if isAnswer { answeringModel = text } else { model = text }
    } else if Self.reasons.contains(path) {
      if isAnswer { finishReason = text }
    } else if Self.versions.contains(path) {
      isJSONRPC = text.isEqual(to: "2.0")
    } else if Self.ids.contains(path) {
      if !isAnswer, id.isEmpty { id = text }
    } else if Self.codes.contains(path) {
      if errorCode.isEmpty { errorCode = text }
    } else if Self.texts.contains(path) {
      if errorText.isEmpty { errorText = text }
    } else if !isAnswer {
      takeAsked(path, text)
    }
  }

  private mutating func takeAsked(_ path: UInt64, _ text: ShortText) {
    if path == Self.operationName {
      operation = text
    } else if path == Self.query {
      query = text
    } else if Self.methods.contains(path) {
      if method.isEmpty { method = text }
    } else if Self.tools.contains(path) {
      tool = text
    }
  }

  private mutating func takeNumber(_ path: UInt64, _ number: Int64, _ text: ShortText) {
    if Self.ids.contains(path) {
      if !isAnswer, id.isEmpty { id = text }
    } else if Self.codes.contains(path) {
      if errorCode.isEmpty { errorCode = text }
    } else if isAnswer, number >= 0 {
      // What is said again is said of the whole.
      if Self.inputs.contains(path) { inputTokens = number }
      if Self.outputs.contains(path) { outputTokens = number }
    }
  }
}
