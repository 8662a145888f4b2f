// SPDX-License-Identifier: Apache-2.0

/// The body of a `POST /v1/query/` answer.
struct QueryAnswer: Decodable {
  var result: QueryResult
  /// What was lost in the time range that the query spans, by stage and reason.
  var losses: [Loss]?
  /// Why that cannot be told; nil when it is.
  var unknownLosses: String?

  /// The seconds that the rows are of; nil when they are of none.
  var range: Range?

  struct Range: Decodable {
    var first: Int64?
    var last: Int64?
  }

  enum CodingKeys: String, CodingKey {
    case result, losses, range
    case unknownLosses = "losses_unknown"
  }

  struct Loss: Decodable, Equatable {
    var stage: String
    var reason: String
    var dropped: UInt64
  }

  /// Says on standard error what is missing from the rows.
  func tellLosses() {
    let isBounded = range?.first != nil || range?.last != nil
    Self.tell(
      losses ?? [], unknown: unknownLosses,
      when: isBounded ? "in this time range" : "since the ledger begins")
  }

  /// - Parameters:
  ///   - unknown: Why the losses cannot be told; nil when they are.
  ///   - when: Of what time they are.
  static func tell(_ losses: [Loss], unknown: String?, when: String) {
    if let unknown { complain("note: what is missing from the rows cannot be told: \(unknown)") }
    for loss in losses {
      complain("note: \(loss.dropped) dropped at \(loss.stage) \(when) (\(loss.reason))")
    }
  }
}

struct QueryResult: Decodable {
  var columns: [String]
  var values: [[Cell]]
  var schemas: [Schema]?

  struct Schema: Decodable {
    /// `us`, `s`, `byte`, ... or empty.
    var unit: String
    /// `tag` or `metrics`.
    var label: String

    enum CodingKeys: String, CodingKey {
      case unit
      case label = "label_type"
    }
  }

  /// Ticks a second of a column that holds points in time; nil for other columns. A tag with a unit of
  /// time is a point in time, a metric with one a duration.
  func ticks(_ column: Int) -> Int64? {
    guard let schemas, column < schemas.count, schemas[column].label == "tag" else { return nil }
    return switch schemas[column].unit {
    case "s": 1
    case "us": 1_000_000
    default: nil
    }
  }
}

/// One value of a row.
enum Cell: Decodable, Hashable {
  case null
  case integer(Int64)
  case unsigned(UInt64)
  case real(Double)
  case text(String)
  case list([Cell])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self = .real(value)
    } else if let value = try? container.decode([Cell].self) {
      self = .list(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .integer(value ? 1 : 0)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  var isNumber: Bool {
    switch self {
    case .integer, .unsigned, .real: true
    case .null, .text, .list: false
    }
  }

  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    case .null, .text, .list: nil
    }
  }

  var text: String {
    switch self {
    case .null: ""
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .real(let value): String(value)
    case .text(let value): value
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    }
  }
}

/// An agent, as `GET /v1/agents` describes it.
struct AgentStatus: Decodable {
  var id: UInt32
  var hostname: String
  var version: String
  /// `connected`, `away`, or `ended` for a replay that is over.
  var state: String
  var lastSeen: String
  /// nil from a server that does not know.
  var restarts: UInt64?
  var crashes: [Crashes]?

  /// How often it crashed while it parsed a protocol.
  struct Crashes: Decodable {
    var `protocol`: String
    var count: UInt64
    var suspended: Bool
  }

  enum CodingKeys: String, CodingKey {
    case id, hostname, version, state, restarts, crashes
    case lastSeen = "last_seen"
  }

  /// Protocols that it does not read any more.
  var suspended: String {
    (crashes ?? []).filter(\.suspended).map(\.protocol).joined(separator: ", ")
  }

  /// Such as `3 HTTP, 1 none`.
  var crashText: String {
    (crashes ?? []).filter { $0.count > 0 }.map { "\($0.count) \($0.protocol)" }
      .joined(separator: ", ")
  }
}

struct AgentList: Decodable {
  var agents: [AgentStatus]
}

/// The body of a `GET /v1/status` answer.
struct ServerStatus: Decodable {
  var ingest: Ingest

  struct Ingest: Decodable {
    var host: String
    var port: Int
  }
}
