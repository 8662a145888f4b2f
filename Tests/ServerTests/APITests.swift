// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Telemetry
import TestSupport
import Testing

@testable import Server

/// The HTTP API before a real engine.
@Suite(.serialized) struct APITests {
  @Test func everyAnswerSaysWhatItIs() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      for (path, status, code) in [
        ("/v2/query", 404, "NOT_FOUND"), ("/v1", 404, "NOT_FOUND"),
        ("/no-such.js", 404, "NOT_FOUND"),
        ("/v1/query/", 405, "METHOD_NOT_ALLOWED"), ("/v1/query", 405, "METHOD_NOT_ALLOWED"),
        ("/v1/calls/x/hops", 400, "INVALID_REQUEST"),
      ] {
        let answer = try await api.get(path)
        #expect(answer.status == status, "\(path)")
        #expect(answer.json["OPT_STATUS"] as? String == code, "\(path)")
        #expect(answer.fields["content-type"] == "application/json", "\(path)")
      }
      for (method, path, allow) in [
        ("GET", "/v1/query/", "POST"), ("POST", "/v1/agents", "GET, HEAD"),
        ("DELETE", "/v1/query/", "POST"), ("PUT", "/", "GET, HEAD"),
        ("OPTIONS", "/metrics", "GET, HEAD"),
      ] {
        let answer = try await api.exchange(
          "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        #expect(answer.status == 405 && answer.fields["allow"] == allow, "\(method) \(path)")
      }
      let head = try await api.exchange(
        "HEAD /v1/agents HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(head.status == 200)
    }
  }

  @Test func coverageIsEmptyWhereNobodyHasTold() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let answer = try await api.get("/v1/coverage")
      #expect(answer.status == 200)
      #expect((answer.json["rows"] as? [Any])?.isEmpty == true)
      #expect(answer.json["left_out"] as? Int == 0)
    }
  }

  /// The check stands before every route, the UI's files and the counters among them.
  @Test(arguments: [
    "/", "/app.js", "/metrics", "/v1/health", "/v1/agents", "/v1/calls/1/hops", "/x",
  ])
  func noRouteIsServedUnderAForeignName(path: String) async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let rebound = try await api.exchange(
        "GET \(path) HTTP/1.1\r\nHost: evil.example:\(api.port)\r\n\r\n")
      #expect(rebound.status == 403)
      #expect(rebound.json["OPT_STATUS"] as? String == "FORBIDDEN")
      let foreign = try await api.get(path, "Origin: http://evil.example\r\n")
      #expect(foreign.status == 403)
      let nobody = try await api.exchange("GET \(path) HTTP/1.1\r\n\r\n")
      #expect(nobody.status == 400)
      let two = try await api.get(path, "Host: evil.example\r\n")
      #expect(two.status == 400)
    }
  }

  /// What curl sends is served; what a form on another page sends is not.
  @Test func formsComeFromTheirUserOnly() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      #expect(try await api.query("SHOW tables").status == 200)
      for fields in [
        "Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n",
      ] {
        #expect(try await api.query("SHOW tables", fields: fields).status == 403, "\(fields)")
      }
      for type in ["text/plain", "multipart/form-data", "application/json"] {
        let answer = try await api.exchange(
          "POST /v1/query/ HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n"
            + "Content-Type: \(type)\r\nContent-Length: 15\r\n\r\nsql=SHOW tables")
        #expect(answer.status == 403, "\(type)")
      }
      let own = "Origin: http://127.0.0.1:\(api.port)\r\nSec-Fetch-Site: same-origin\r\n"
      #expect(try await api.query("SHOW tables", fields: own).status == 200)
    }
  }

  @Test func anAllowedNameIsServed() async throws {
    try await RunningAPI.with(PatientStore(), allowedHosts: ["box.example"]) { api async throws in
      let answer = try await api.exchange("GET / HTTP/1.1\r\nHost: Box.example.:8080\r\n\r\n")
      #expect(answer.status == 200)
    }
  }

  /// However the range is said, an answer over rows says what they miss.
  @Test func anAnswerSaysWhatItMisses() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      let now = UInt32(wallClock() / 1_000_000_000)
      var ledger = ColumnBatch(.lossLedger)
      for (age, dropped) in [(UInt32(60), UInt64(7)), (7_200, 90_000)] {
        ledger.append(now - age, to: 0)
        ledger.append(UInt16(1), to: 1)
        ledger.append(UInt16(1), to: 2)
        ledger.append("ring", to: 3)
        ledger.append("ring_full", to: 4)
        ledger.append(dropped, to: 5)
        ledger.append(UInt64(0), to: 6)
        ledger.append(dropped, to: 7)
      }
      try await engine.insert(ledger, token: "ledger")
      for (condition, dropped) in [
        ("", 90_007), ("WHERE time >= now() - 300", 7), ("WHERE time > now() - 5 * 60", 7),
        ("WHERE time BETWEEN now() - 300 AND now()", 7), ("WHERE now() - 300 <= time", 7),
        ("WHERE time >= \(now - 300) OR server_port = 5", 90_007),
        ("WHERE server_port = 5", 90_007),
        ("WHERE time < now() - 3600", 90_000), ("WHERE NOT time < now() - 300", 7),
        ("WHERE time >= toDateTime('1970-01-01 00:00:01')", 90_007),
      ] {
        let answer = try await api.query("SELECT Count(row) FROM l7_flow_log \(condition)")
        let losses = answer.json["losses"] as? [[String: Any]] ?? []
        let sum = losses.reduce(0) { $0 + ($1["dropped"] as? Int ?? 0) }
        #expect(sum == dropped, "\(condition)")
      }
      let declared = try await api.query("SHOW tables")
      #expect((declared.json["losses"] as? [Any])?.isEmpty == true)
      let values = try await api.query("SHOW tag endpoint values FROM l7_flow_log")
      #expect((values.json["losses"] as? [Any])?.isEmpty == false)
    }
  }

  /// What README and docs show can be sent as curl sends it.
  @Test func everyDocumentedStatementIsAnswered() async throws {
    try await RunningAPI.withEngine { api, _ async throws in
      for example in try Documentation.statements() {
        let answer = try await api.query(example.sql, database: example.database)
        #expect(answer.status == 200, "\(example.sql)\n\(answer.body)")
      }
    }
  }

  /// So can what they show to be got; calls of an example are not there.
  @Test func everyDocumentedPathIsThere() async throws {
    try await RunningAPI.withEngine { api, _ async throws in
      let paths = try Documentation.paths()
      #expect(paths.count >= 3)
      for path in paths {
        let answer = try await api.get(path)
        let isNoCall = answer.status == 404 && answer.body.contains("There is no call")
        #expect(answer.status == 200 || isNoCall, "\(path)\n\(answer.body)")
      }
    }
  }

  /// Halves of surrogates are no text, in JSON and in a form.
  @Test func whatIsNoTextIsRefusedOrReplaced() async throws {
    try await RunningAPI.withEngine { api, _ async throws in
      for body in [#"{"sql": "SHOW tables \ud800"}"#, "{\"sql\": \"SELECT '\u{FFFD}\"}", "{", "[]"]
      {
        let answer = try await api.exchange(
          "POST /v1/query/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(answer.status == 400, "\(body)")
      }
      for text in ["%ED%A0%80", "%FF", "%27", "%CC%81%27", "%E2%80%AE%27%5C"] {
        let body = "sql=SELECT+_id+FROM+l7_flow_log+WHERE+trace_id+=+%27\(text)"
        for end in ["%27", "%5C%27%27", "%27%27%27"] {
          let answer = try await api.exchange(
            "POST /v1/query/ HTTP/1.1\r\nHost: localhost\r\n"
              + "Content-Length: \((body + end).utf8.count)\r\n\r\n\(body + end)")
          #expect([200, 400].contains(answer.status), "\(body + end): \(answer.body)")
        }
      }
    }
  }

  /// The engine itself stops working on what nobody waits for.
  @Test func theEngineStopsWhatNobodyWaitsFor() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      var calls = ColumnBatch(.callLog)
      for number in 0..<20_000 {
        for (index, column) in calls.table.columns.enumerated() {
          switch column.name {
          case "time": calls.append(UInt32(wallClock() / 1_000_000_000), to: index)
          case "_id": calls.append(UInt64(number), to: index)
          default:
            if case .array = column.type {
              calls.endArray(in: index)
            } else {
              calls.appendEmpty(to: index)
            }
          }
        }
      }
      try await engine.insert(calls, token: "calls")
      var connection: RawConnection? = try RawConnection(port: api.port)
      // 20 million rows to count by.
      try connection?.send(
        api.queryText(
          "SELECT time(time, 60, 1000) AS t, UniqExact(_id), UniqExact(toString(_id)) "
            + "FROM l7_flow_log GROUP BY t"))
      func running() async throws -> Bool {
        let rows = try await engine.query(
          "SELECT count() FROM system.processes WHERE query LIKE '%uniqExact(%' "
            + "AND query NOT LIKE '%system.processes%'", limits: QueryLimits()
        ).table.rows
        return rows != [[.uint(0)]]
      }
      _ = try await eventually("the engine runs it") { try await running() ? true : nil }
      connection = nil
      _ = try await eventually("the engine has stopped", within: .seconds(45)) {
        try await running() ? nil : true
      }
    }
  }
}
