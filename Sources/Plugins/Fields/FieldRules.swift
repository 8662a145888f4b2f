// SPDX-License-Identifier: Apache-2.0

/// Fields that are taken out of messages, by rules instead of a program.
package struct FieldRules: Hashable, Sendable {
  /// Where a value is.
  package enum Source: Hashable, Sendable {
    /// Of a body in JSON: names of members, and numbers of elements.
    case json([String])
    /// A header field, by its name in small letters.
    case header(String)
    /// Bytes of the body, from its front.
    case bytes(offset: Int, count: Int)
    /// Of a body in protobuf: numbers of fields, each inside of the one before.
    case protobuf([UInt64])
    /// What stands in the body behind one text, up to another.
    case between(String, String)
  }

  /// What a value is.
  package enum Target: Hashable, Sendable {
    case attribute(String)
    case endpoint, requestType, domain, resource, exception, result
    case traceID, spanID, requestID, proxyClient
    /// The code that a service says, which with ``Rule/success`` says whether it is an error.
    case code
  }

  package struct Field: Hashable, Sendable {
    package var target: Target
    package var source: Source

    package init(_ target: Target, _ source: Source) {
      self.target = target
      self.source = source
    }
  }

  package enum Half: Hashable, Sendable, CaseIterable {
    case request, response
  }

  /// Of which messages which fields are taken.
  package struct Rule: Hashable, Sendable {
    package var protocols: [String]
    /// Nil for all endpoints; a * in it is any text.
    package var endpoint: String?
    package var half: Half
    package var fields: [Field] = []
    /// Codes that are no errors. Others are; empty when codes say nothing of that.
    package var success: [String] = []
    /// Whether an error is the server's.
    package var blamesServer = false

    package init(protocols: [String], endpoint: String? = nil, half: Half) {
      self.protocols = protocols
      self.endpoint = endpoint
      self.half = half
    }
  }

  package var name: String
  /// Bytes of a message that are looked at.
  package var payload = 4_096
  package var rules: [Rule] = []

  package init(name: String) { self.name = name }
}

extension FieldRules.Source {
  /// Reads what is written as `json order.id`, `header x-tenant-id`, `bytes 4 8`, `protobuf 2.1` or
  /// `between id= &`; nil when it is none of those.
  package init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count >= 2 else { return nil }
    switch (words[0], words.count) {
    case ("json", 2):
      let path = words[1].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard !path.contains(""), path.count <= JSONPath.deepest else { return nil }
      self = .json(path)
    case ("header", 2): self = .header(words[1].lowercased())
    case ("bytes", 3):
      guard let offset = Int(words[1]), let count = Int(words[2]), (0...16_384).contains(offset),
        (1...1_024).contains(count)
      else { return nil }
      self = .bytes(offset: offset, count: count)
    case ("protobuf", 2):
      let path = words[1].split(separator: ".", omittingEmptySubsequences: false).map {
        UInt64($0) ?? 0
      }
      guard !path.contains(0), path.count <= 16 else { return nil }
      self = .protobuf(path)
    case ("between", 3): self = .between(words[1], words[2])
    default: return nil
    }
  }

  /// What may be written, for messages.
  package static let expected =
    "json NAME.NAME, header NAME, bytes OFFSET COUNT, protobuf NUMBER.NUMBER or between TEXT TEXT"
}
