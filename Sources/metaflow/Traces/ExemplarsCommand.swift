// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow exemplars`: from figures over time to traces.
struct ExemplarsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exemplars", abstract: "Show a slow and a failed call of each interval.",
    discussion: """
      Of each interval the slowest call, and the slowest that failed, with the id of its trace.

      EXAMPLES
        metaflow exemplars --service orders
        metaflow exemplars --service orders --step 5m --last 6h
      """)

  @Option(name: .long, help: "Only calls to this service.")
  var service: String?

  @Option(name: .long, help: "Only calls of this endpoint.")
  var endpoint: String?

  @Option(name: .long, help: "How long an interval is.")
  var step = Span(seconds: 60)

  @Flag(name: .long, help: "Print the server's answer.")
  var json = false

  @OptionGroup var window: TimeWindow

  @OptionGroup var server: ServerOptions

  func run() async throws {
    let client = APIClient(options: server)
    try await client.checkService(service)
    let (answer, text) = try await client.exemplars(
      window.parameters + [
        ("server", service), ("endpoint", endpoint), ("step", "\(step.seconds)"),
      ])
    if json {
      print(String(decoding: text, as: UTF8.self), terminator: "")
    } else if answer.points.isEmpty {
      complain("Nothing \(window.text). Look further back with --last, or make a call.")
    } else {
      print(answer.table, terminator: "")
    }
    QueryAnswer.tell(
      answer.losses ?? [], unknown: answer.unknownLosses, when: "in this time range")
  }
}

/// The body of a `GET /v1/exemplars` answer.
struct ExemplarAnswer: Decodable {
  var points: [Point]
  var losses: [QueryAnswer.Loss]?
  var unknownLosses: String?

  enum CodingKeys: String, CodingKey {
    case points, losses
    case unknownLosses = "losses_unknown"
  }

  struct Point: Decodable {
    /// Seconds.
    var time: Int64
    var slowest: Call
    var failed: Call?
  }

  struct Call: Decodable {
    var trace: String
    var duration: Int64
    private var call: TraceListAnswer.Brief

    var about: String { call.about }

    enum CodingKeys: String, CodingKey {
      case trace = "trace_id"
      case duration
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      trace = try values.decode(String.self, forKey: .trace)
      duration = try values.decode(Int64.self, forKey: .duration)
      call = try TraceListAnswer.Brief(from: decoder)
    }
  }

  var table: String {
    let rows = points.flatMap { point in
      [("", point.slowest), ("failed", point.failed)].compactMap { kind, call in
        call.map { call in
          [
            QueryResult.utcText(point.time, ticks: 1), kind, durationText(Double(call.duration)),
            call.about, call.trace,
          ]
        }
      }
    }
    return aligned(
      ["INTERVAL (UTC)", "", "TOOK", "CALL", "TRACE"], rows,
      isNumber: [false, false, true, false, false])
  }
}
