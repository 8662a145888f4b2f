// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What a call of HTTP is besides one, as far as its head says: an interface that many services have.
struct HTTPContent: Sendable {
  enum Kind: UInt8, Sendable {
    case openAI, anthropic, gemini, ollama
    case graphQL, jsonRPC
  }

  var kind: Kind
  /// What is done, in the words of OpenTelemetry's conventions.
  var operation: StaticString

  /// Header fields that say something of a request's content.
  struct Fields {
    var type = Place()
    var amazonTarget = Place()
    var soapAction = Place()
    var clickHouseDatabase = Place()
  }

  /// Paths of interfaces of language models, by how they end.
  private static let models: [(end: StaticString, content: HTTPContent)] = [
    ("/chat/completions", HTTPContent(kind: .openAI, operation: "chat")),
    ("/v1/completions", HTTPContent(kind: .openAI, operation: "text_completion")),
    ("/v1/embeddings", HTTPContent(kind: .openAI, operation: "embeddings")),
    ("/v1/responses", HTTPContent(kind: .openAI, operation: "chat")),
    ("/v1/messages", HTTPContent(kind: .anthropic, operation: "chat")),
    (":generateContent", HTTPContent(kind: .gemini, operation: "generate_content")),
    (":streamGenerateContent", HTTPContent(kind: .gemini, operation: "generate_content")),
    (":embedContent", HTTPContent(kind: .gemini, operation: "embeddings")),
    ("/api/chat", HTTPContent(kind: .ollama, operation: "chat")),
    ("/api/generate", HTTPContent(kind: .ollama, operation: "text_completion")),
    ("/api/embed", HTTPContent(kind: .ollama, operation: "embeddings")),
    ("/api/embeddings", HTTPContent(kind: .ollama, operation: "embeddings")),
  ]

  /// What the bodies of a request that sends JSON to `path` may say; nil when nothing is looked for in them.
  static func ofBodies(_ source: Span<UInt8>, path: Range<Int>, _ fields: Fields) -> HTTPContent? {
    guard source.clipped(fields.type.range).begins(with: "application/json") else {
      let isGraphQL = source.clipped(fields.type.range).begins(with: "application/graphql+json")
      return isGraphQL ? HTTPContent(kind: .graphQL, operation: "") : nil
    }
    for (end, content) in models where source.ends(in: end, path) { return content }
    if source.ends(in: "/graphql", path) { return HTTPContent(kind: .graphQL, operation: "") }
    return HTTPContent(kind: .jsonRPC, operation: "")
  }

  /// The path of a target, without its query.
  static func path(_ source: Span<UInt8>, _ target: Range<Int>) -> Range<Int> {
    let end = source.firstIndex(
      of: UInt8(ascii: "?"), from: target.lowerBound, to: target.upperBound)
    return target.lowerBound..<(end ?? target.upperBound)
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes at `range` end in this text.
  func ends(in literal: StaticString, _ range: Range<Int>) -> Bool {
    let count = literal.utf8CodeUnitCount
    return range.count >= count && hasPrefix(literal, at: range.upperBound - count)
  }
}
