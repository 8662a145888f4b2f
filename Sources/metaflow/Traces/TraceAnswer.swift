// SPDX-License-Identifier: Apache-2.0

/// The body of a `GET /v1/traces/{id}` answer.
struct TraceAnswer: Decodable {
  var foundBy: String
  var entry: Int
  var notes: [String]
  var calls: [Call]
  var losses: [QueryAnswer.Loss]?
  var unknownLosses: String?

  enum CodingKeys: String, CodingKey {
    case foundBy = "found_by"
    case entry, notes, calls, losses
    case unknownLosses = "losses_unknown"
  }

  struct Call: Decodable {
    var id: String
    /// Its cause's place among the calls.
    var parent: Int?
    var depth: Int
    var edge: Edge?
    var withoutParent: String?
    /// Microseconds.
    var duration: Int64?
    var selfTime: Int64?
    /// nil where it is not on the critical path.
    var criticalTime: Int64?
    var client: End
    var server: End
    var `protocol`: String
    var type: String
    var resource: String
    var domain: String
    var status: String
    var code: Int64?
    var exception: String
    var hops: [Hop]

    enum CodingKeys: String, CodingKey {
      case id, parent, depth, edge, duration, client, server, status, hops
      case `protocol` = "protocol"
      case withoutParent = "without_parent"
      case selfTime = "self_time"
      case criticalTime = "critical_time"
      case type = "request_type"
      case resource = "request_resource"
      case domain = "request_domain"
      case code = "response_code"
      case exception = "response_exception"
    }
  }

  struct Edge: Decodable {
    var confidence: Double
    var isCertain: Bool
    var reasons: [Reason]

    enum CodingKeys: String, CodingKey {
      case confidence, reasons
      case isCertain = "is_certain"
    }
  }

  struct Reason: Decodable {
    var kind: String
    var text: String
  }

  struct End: Decodable {
    var service: String
    var ip: String
    var port: Int
  }

  struct Hop: Decodable {
    var point: String
    var duration: Int64?

    enum CodingKeys: String, CodingKey {
      case duration
      case point = "observation_point"
    }
  }
}

/// The body of a `GET /v1/traces/{id}/why` answer.
struct TraceReasons: Decodable {
  var isParent: Bool
  var confidence: Double?
  var sentences: [String]

  enum CodingKeys: String, CodingKey {
    case confidence, sentences
    case isParent = "is_parent"
  }

  /// Lines that end in a newline.
  var lines: String {
    let head =
      switch (isParent, confidence) {
      case (true, let confidence?) where confidence >= 1: "It stands below it for certain:\n"
      case (true, _): "It stands below it, \(percent) sure:\n"
      case (false, .some): "It could stand below it, \(percent) sure:\n"
      case (false, nil): "It does not stand below it:\n"
      }
    return head + sentences.map { "  \($0)\n" }.joined()
  }

  private var percent: String { "\(Int(((confidence ?? 0) * 100).rounded(.down))) %" }
}
