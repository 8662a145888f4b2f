// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Telemetry
import Testing

@testable import Server

/// `POST /v1/figures`, `GET /v1/flows`, `GET /v1/interval` and the UI's files.
@Suite(.serialized) struct FigureRouteTests {
  private func post(_ api: RunningAPI, _ body: String) async throws -> HTTPAnswer {
    try await api.exchange(
      "POST /v1/figures HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  @Test func figuresAreAnswered() async throws {
    try await RunningAPI.withEngine { api, _ async throws in
      let columns =
        #""columns":[{"name":"t","sql":"time(time, 60)"},{"name":"observation_point"},"#
        + #"{"name":"n","sql":"Sum(request)"},{"name":"m","sql":"Avg(rrt)","weight":"n"}]"#
      let speaker = #""speaker":{"end":"server","weight":"n","of":["t"]}"#
      for more in [
        "", #","last":900"#, #","last":90000,"percentiles":[50,95]"#,
        #","from":1790000000,"to":1790000100,"where":"server_port = 80","order":"n DESC","limit":7"#,
      ] {
        let answer = try await post(
          api,
          "{\"table\":\"application_map\",\(columns),\"by\":\"t, observation_point\",\(speaker)\(more)}"
        )
        #expect(answer.status == 200, "\(more): \(answer.body)")
        #expect(answer.json["interval"] is String, "\(answer.body)")
      }
      for (body, text) in [
        ("{", "does not read"), (#"{"table":"x","columns":[]}"#, "from 1 to 100"),
        (#"{"table":"x","columns":[{"name":"a"}]}"#, "no table 'x."),
        (#"{"table":"application","columns":[{"name":"a","sql":"Avg(rrt)"}]}"#, "weighed by"),
        (#"{"table":"application","columns":[{"name":"a"}],"percentiles":[100]}"#, "from 1 to 99"),
        (#"{"table":"application","columns":[{"name":"a"}],"limit":0}"#, "from 1 to"),
        (#"{"table":"application","columns":[{"name":"a"}],"from":5,"to":4}"#, "later than to"),
        (
          #"{"table":"application","columns":[{"name":"a"}],"speaker":{"end":"x","weight":"a","of":[]}}"#,
          "client or server"
        ),
      ] {
        let answer = try await post(api, body)
        #expect(answer.status == 400 && answer.body.contains(text), "\(body): \(answer.body)")
      }
    }
  }

  @Test func flowsAreAnswered() async throws {
    try await RunningAPI.withEngine { api, _ async throws in
      for query in [
        "", "?end=failed&transport=TCP&step=60", "?address=10.0.0.1&port=80&sort=rtt&order=asc",
        "?flow=7&connection=10.0.0.1%201%2010.0.0.2%202&point=all&own=1&slower=5&limit=3",
      ] {
        let answer = try await api.get("/v1/flows\(query)")
        #expect(answer.status == 200 && answer.json["is_cut"] as? Bool == false, "\(answer.body)")
      }
      for (query, text) in [
        ("?x=1", "is no parameter of /v1/flows"), ("?address=nine", "an IPv4 or IPv6 address"),
        ("?transport=SCTP", "one of ICMP"), ("?end=300", "from 0 to 255"), ("?flow=a", "a flow_id"),
        ("?sort=_id", "one of time"), ("?from=9&to=1", "later than to"),
        ("?last=900000&step=1", "too many bars"),
      ] {
        let answer = try await api.get("/v1/flows\(query)")
        #expect(answer.status == 400 && answer.body.contains(text), "\(query): \(answer.body)")
      }
    }
  }

  @Test func theIntervalFitsTheRange() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let now = wallClock() / 1_000_000_000
      for (query, seconds) in [
        ("", 1), ("?last=21600", 1), ("?last=21700", 60), ("?from=\(now - 600)", 1),
        ("?from=\(now - 172_800)&to=\(now - 172_000)", 60),
      ] {
        let answer = try await api.get("/v1/interval\(query)")
        #expect(answer.json["seconds"] as? Int == seconds, "\(query): \(answer.body)")
      }
      #expect(try await api.get("/v1/interval?last=x").status == 400)
    }
  }

  /// The range chooses the tables where nobody does.
  @Test func aTableWithoutAnIntervalMayFitTheRange() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      let now = UInt32(wallClock() / 1_000_000_000)
      var seconds = ColumnBatch(.applicationMapSecond)
      for (index, column) in seconds.table.columns.enumerated() {
        if column.name == "time" {
          seconds.append(now - 30, to: index)
        } else {
          seconds.appendEmpty(to: index)
        }
      }
      try await engine.insert(seconds, token: "seconds")
      for (precision, condition, rows) in [
        ("auto", "time >= now() - 300", 1), ("auto", "time >= now() - 90000", 0),
        ("auto", "server_port = 0", 0),
        ("1s", "time >= now() - 90000", 1), ("1m", "time >= now() - 300", 0),
      ] {
        let sql = "SELECT time FROM application_map WHERE \(condition)"
        let body =
          "data_precision=\(precision)&sql="
          + (sql.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
        let answer = try await api.exchange(
          "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            + body)
        let result = answer.json["result"] as? [String: Any]
        #expect(
          (result?["values"] as? [Any])?.count == rows, "\(precision) \(condition): \(answer.body)")
      }
    }
  }

  /// A page asks for all of its modules at once, and each of them is there.
  @Test func everyModuleIsAnnouncedAndServed() async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let page = try await api.get("/")
      #expect(page.status == 200 && page.fields["content-type"]?.hasPrefix("text/html") == true)
      let paths = page.body.matches(of: /<link rel="modulepreload" href="([^"]+)">/).map {
        String($0.1)
      }
      #expect(paths.count > 40 && paths.contains("/views/services.js"), "\(paths)")
      for path in paths + ["/app.css", "/icon.svg", "/echarts.min.js"] {
        let file = try await api.get(path)
        #expect(file.status == 200 && !file.body.isEmpty, "\(path)")
        let tag = try #require(file.fields["etag"])
        let again = try await api.get(path, "If-None-Match: \(tag)\r\n")
        #expect(again.status == 304, "\(path)")
      }
      #expect(try await api.get("/package.json").status == 404)
    }
  }
}
