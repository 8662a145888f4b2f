// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// `metaflow-agent replay | curl`: records of a source that is no agent.
  @Suite struct IngestedLines {
    private func capture(_ domain: String, at start: Int64) -> CaptureBuilder {
      var capture = CaptureBuilder(network: [10, 9, 0])
      for number in 0..<10 {
        capture.lookUp(
          "n\(number).\(domain)", id: UInt16(number), at: start + Int64(number) * 1_000,
          answeredAfter: 250)
      }
      return capture
    }

    /// Of a quarter of an hour ago, so that both ways in give the same times.
    private var start: Int64 { (Int64(Date().timeIntervalSince1970) - 900) * 1_000_000 }

    private func post(_ stack: Stack, _ path: String, _ options: String = "") throws
      -> CommandResult
    {
      let agent = Stack.product("metaflow-agent")
      let url = "http://127.0.0.1:\(stack.http)/v1/ingest/records?source=test"
      return try run(
        "bash",
        [
          "-c",
          "set -o pipefail; \(agent) replay \(path) 2>/dev/null \(options) --data-binary @- "
            + "-H 'Content-Type: application/x-ndjson' '\(url)'",
        ], checked: false)
    }

    private static let statements = [
      (
        "flow_log",
        "SELECT start_time, end_time, time, request_type, request_resource, endpoint, request_id, "
          + "response_status, response_code, response_result, response_duration, ip_0, ip_1, "
          + "client_port, server_port, Enum(l7_protocol) AS p, type, observation_point, protocol, "
          + "signal_source, direction_score, is_ipv4, captured_request_byte, auto_service_0, "
          + "auto_service_1 FROM l7_flow_log WHERE request_domain LIKE '*.DOMAIN' ORDER BY start_time "
          + "LIMIT 100"
      ),
      (
        "flow_log",
        "SELECT start_time, end_time, duration, close_type, status, ip_0, ip_1, server_port, mac_0, "
          + "mac_1, Sum(packet_tx) AS a, Sum(byte_rx) AS b, Sum(l7_request) AS c, Max(rrt) AS d, "
          + "Enum(l7_protocol) AS p, eth_type FROM l4_flow_log WHERE request_domain LIKE '*.DOMAIN' "
          + "GROUP BY start_time, end_time, duration, close_type, status, ip_0, ip_1, server_port, "
          + "mac_0, mac_1, l7_protocol, eth_type LIMIT 100"
      ),
      (
        "flow_metrics",
        "SELECT time, endpoint, Sum(request) AS a, Sum(error) AS b, Avg(rrt) AS c, Max(rrt) AS d "
          + "FROM application_map.1m WHERE endpoint LIKE '*.DOMAIN' GROUP BY time, endpoint "
          + "ORDER BY endpoint LIMIT 100"
      ),
    ]

    private func answers(_ stack: Stack, _ domain: String) async throws -> [[Row]] {
      var answers: [[Row]] = []
      for (database, statement) in Self.statements {
        let rows = try await eventually("rows of \(domain) in \(database)") {
          let rows = try await stack.query(
            statement.replacing("DOMAIN", with: domain), db: database)
          return rows.isEmpty ? nil : rows
        }
        answers.append(
          rows.map { $0.mapValues { $0.replacing(domain, with: "DOMAIN") } })
      }
      return answers
    }

    /// Wherever records come in, the answers are the same.
    @Test func linesGiveTheAnswersOfADelivery() async throws {
      let stack = try Stack.running
      let start = start
      try capture("lines.aa", at: start).withFile { path in
        let sent = try post(stack, path, "| curl -fsS")
        #expect(sent.status == 0, "\(sent.errors)")
        #expect(sent.output.contains("\"source\":\"test\""), "\(sent.output)")
      }
      try capture("lines.bb", at: start).withFile { path in
        let sent = try run(
          Stack.product("metaflow-agent"),
          ["replay", "--server", "127.0.0.1:\(stack.ingest)", path], checked: false)
        #expect(sent.status == 0, "\(sent.errors)")
      }
      let (lines, delivery) = (
        try await answers(stack, "lines.aa"), try await answers(stack, "lines.bb")
      )
      #expect(lines == delivery)
      #expect(lines[0].count == 10)
    }

    @Test(arguments: ["gzip", "zstd"]) func packedLinesAreTaken(encoding: String) async throws {
      let stack = try Stack.running
      let domain = "\(encoding).cc"
      try capture(domain, at: start).withFile { path in
        let sent = try post(
          stack, path, "| \(encoding) -c | curl -fsS -H 'Content-Encoding: \(encoding)'")
        #expect(sent.status == 0, "\(sent.errors)")
      }
      #expect(try await answers(stack, domain)[0].count == 10)
    }
  }
}

/// A server that dies between the acknowledgement and the store.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct KilledIngestTests {
  @Test func whatWasAcknowledgedIsStoredByTheNextServer() async throws {
    let stack = try await Stack.start()
    do {
      let end = Int64(Date().timeIntervalSince1970) * 1_000_000
      var server = stack.server
      for round in 0..<3 {
        let lines = (0..<100).map {
          #"{"table":"l7_flow_log","end_time":\#(end),"flow_id":\#(round * 100 + $0),"#
            + #""l7_protocol":"HTTP","ip_0":"10.9.1.1","ip_1":"10.9.1.2","server_port":9191}"#
        }
        let sent = try run(
          "curl",
          [
            "-fsS", "--data-binary", "@-", "-H", "Content-Type: application/x-ndjson",
            "http://127.0.0.1:\(stack.http)/v1/ingest/records",
          ],
          input: lines.joined(separator: "\n"))
        #expect(sent.output.contains("\"records\":100"))
        await server.stop(SIGKILL)
        server = try await stack.startServerAgain()
      }
      let rows = try await eventually("all are stored", within: .seconds(60)) {
        let rows = try await stack.query(
          "SELECT flow_id FROM l7_flow_log WHERE server_port = 9191 LIMIT 1000")
        return rows.count >= 300 ? rows : nil
      }
      #expect(rows.count == 300 && Set(rows.compactMap { $0["flow_id"] }).count == 300)
      await server.stop()
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }
}
