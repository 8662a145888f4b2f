// SPDX-License-Identifier: Apache-2.0

/// The body of a `GET /v1/traces` answer.
struct TraceListAnswer: Decodable {
  var traces: [Trace]
  var isCut: Bool
  var notes: [String]
  var losses: [QueryAnswer.Loss]?
  var unknownLosses: String?

  enum CodingKeys: String, CodingKey {
    case traces, notes, losses
    case isCut = "is_cut"
    case unknownLosses = "losses_unknown"
  }

  struct Trace: Decodable {
    var id: String
    /// Microseconds.
    var start: Int64
    var duration: Int64
    var calls: Int
    var failed: Int
    var services: [Service]
    var root: Brief?
    var matched: Int
    /// The first of those calls that passed.
    var matches: [Brief]

    enum CodingKeys: String, CodingKey {
      case id = "trace_id"
      case start = "start_time"
      case duration, calls, failed, services, root, matched, matches
    }
  }

  struct Service: Decodable {
    var name: String
  }

  /// A call, as far as a line has room.
  struct Brief: Decodable {
    var id: String
    var client: String
    var server: String
    var `protocol`: String
    var type: String
    var resource: String
    var domain: String
    var status: String
    var code: Int64?

    enum CodingKeys: String, CodingKey {
      case id, client, server, status
      case `protocol` = "protocol"
      case type = "request_type"
      case resource = "request_resource"
      case domain = "request_domain"
      case code = "response_code"
    }

    /// "nginx -> orders HTTP GET /items/7".
    var about: String {
      let what: String =
        if resource.isEmpty {
          "\(type) \(domain)"
        } else {
          resource.lowercased().hasPrefix(type.lowercased()) ? resource : "\(type) \(resource)"
        }
      return "\(client) -> \(server) \(self.protocol) \(what)"
    }
  }
}

extension TraceListAnswer {
  /// A line a trace, under their heads.
  var table: String {
    let rows = traces.map { trace in
      let names = trace.services.map(\.name)
      let more = names.count > Self.namesTold ? ", +\(names.count - Self.namesTold)" : ""
      return [
        QueryResult.utcText(trace.start, ticks: 1_000_000), trace.id, trace.root?.about ?? "",
        durationText(Double(trace.duration)), "\(trace.calls)",
        trace.failed == 0 ? "" : "\(trace.failed)", "\(trace.matched)",
        names.prefix(Self.namesTold).joined(separator: ", ") + more,
      ]
    }
    return aligned(
      ["BEGAN (UTC)", "TRACE", "FIRST CALL", "TOOK", "CALLS", "FAILED", "MATCH", "SERVICES"], rows,
      isNumber: [false, false, false, true, true, true, true, false])
  }

  private static let namesTold = 4
}
