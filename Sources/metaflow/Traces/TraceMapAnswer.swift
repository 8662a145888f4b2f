// SPDX-License-Identifier: Apache-2.0

/// The body of a `GET /v1/tracemap` answer.
struct TraceMapAnswer: Decodable {
  var traces: Int
  /// Microseconds.
  var criticalTime: Int64
  var edges: [Edge]
  var isCut: Bool
  var notes: [String]
  var losses: [QueryAnswer.Loss]?
  var unknownLosses: String?

  enum CodingKeys: String, CodingKey {
    case traces, edges, notes, losses
    case criticalTime = "critical_time"
    case isCut = "is_cut"
    case unknownLosses = "losses_unknown"
  }

  struct Step: Decodable {
    var service: String
    var `protocol`: String
    var name: String

    var about: String { "\(service) \(self.protocol) \(name)" }
  }

  struct Edge: Decodable {
    var from: Step?
    var to: Step
    var traces: Int
    var calls: Int
    var failed: Int
    var duration: Int64
    var longest: Int64
    var selfTime: Int64
    var criticalTime: Int64
    var confidence: Double?

    enum CodingKeys: String, CodingKey {
      case from, to, calls, failed, duration, longest, confidence
      case traces = "in_traces"
      case selfTime = "self_time"
      case criticalTime = "critical_time"
    }
  }
}

extension TraceMapAnswer {
  /// A line for each kind of call by what caused it, those that cost most time first.
  func table(limit: Int) -> String {
    let rows = edges.prefix(limit).map { edge in
      let share = Double(edge.criticalTime) / Double(max(1, criticalTime)) * 100
      return [
        edge.to.about, edge.from?.about ?? "-", "\(edge.traces)", "\(edge.calls)",
        edge.failed == 0 ? "" : "\(edge.failed)",
        durationText(Double(edge.duration) / Double(max(1, edge.calls))),
        durationText(Double(edge.longest)), "\(Int(share.rounded())) %",
        edge.confidence.map { "\(Int(($0 * 100).rounded(.down))) %" } ?? "",
      ]
    }
    return aligned(
      ["CALL", "CAUSED BY", "TRACES", "CALLS", "FAILED", "MEAN", "LONGEST", "OF PATH", "SURE"],
      rows,
      isNumber: [false, false, true, true, true, true, true, true, true])
  }
}
