// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Telemetry
import Testing

@testable import Server

/// Traces over HTTP.
@Suite(.serialized) struct TraceRouteTests {
  @Test(arguments: [
    ("/v1/traces?limit=201", "limit is '201'; it must be a whole number from 1 to 200"),
    ("/v1/traces?longer=2&shorter=1", "longer (2) is more than shorter (1)"),
    ("/v1/traces?sort=size", "sort is 'size'; it must be one of time, duration"),
    ("/v1/traces?tag=web", "tag is 'web'; it must be like"),
    ("/v1/traces?point=c-p", "'point' is no parameter of /v1/traces"),
    ("/v1/exemplars?limit=1", "'limit' is no parameter of /v1/exemplars"),
    ("/v1/tracemap?step=1", "'step' is no parameter of /v1/tracemap"),
    ("/v1/traces/1?by=name", "by is 'name'; it must be one of record, trace, x_request_id"),
    ("/v1/traces/x?by=record", "'x' is no row number"),
    ("/v1/traces/1?id=2", "'id' is no parameter of /v1/traces/{id}"),
    ("/v1/traces/1?last=0", "last is '0'"), ("/v1/traces/1/why", "parent is missing"),
    ("/v1/traces/1/why?parent=x", "'x' is no row number"),
  ])
  func aWrongRequestIsToldWhatWouldDo(path: String, reason: String) async throws {
    try await RunningAPI.with(PatientStore()) { api async throws in
      let answer = try await api.get(path)
      #expect(answer.status == 400)
      #expect((answer.json["DESCRIPTION"] as? String)?.contains(reason) == true, "\(answer.body)")
    }
  }

  /// Two calls of two traces, and a loss.
  ///
  /// - Returns: Their second.
  private func load(_ engine: EmbeddedEngine) async throws -> UInt32 {
    let now = UInt32(wallClock() / 1_000_000_000)
    let start = UInt64(now) * 1_000_000
    var calls = ColumnBatch(.callLog)
    for (index, trace) in ["a/b c'd", "77"].enumerated() {
      calls.append(
        [
          "time": UInt64(now), "_id": UInt64(now) << 32 | UInt64(index + 1), "agent_id": 1,
          "start_time": start + UInt64(index), "end_time": start + 900, "type": 2,
          "l7_protocol": 20, "protocol": 6, "req_tcp_seq": UInt64(index) * 10 + 1,
          "resp_tcp_seq": UInt64(index) * 10 + 2, "response_duration": 900,
        ], texts: ["observation_point": "c-p", "trace_id": trace])
    }
    try await engine.insert(calls, token: "calls")
    var ledger = ColumnBatch(.lossLedger)
    ledger.append(
      ["time": UInt64(now), "agent_id": 1, "received": 7, "dropped": 7],
      texts: ["stage": "ring", "reason": "ring_full"])
    try await engine.insert(ledger, token: "ledger")
    return now
  }

  /// An id may have any letters; a number that is no row's may be a trace id.
  @Test func aTraceIsAnsweredWithItsLosses() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
      let now = try await load(engine)
      let number = "\(UInt64(now) << 32 | 1)"
      for (id, kind) in [("a%2Fb%20c'd", "trace"), ("77", "trace"), (number, "record")] {
        let answer = try await api.get("/v1/traces/\(id)")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.json["found_by"] as? String == kind)
        let found = answer.json["calls"] as? [[String: Any]] ?? []
        #expect(found.count == 1)
        #expect(found.first?["parent"] is NSNull)
        #expect((found.first?["without_parent"] as? String)?.isEmpty == false)
        let losses = answer.json["losses"] as? [[String: Any]] ?? []
        #expect(losses.first?["dropped"] as? Int == 7)
      }
      // The list names the same: by the id that is carried, or by the first call's row.
      let list = try await api.get("/v1/traces?own=1&sort=duration")
      let traces = list.json["traces"] as? [[String: Any]] ?? []
      #expect(traces.count == 2 && list.json["is_cut"] as? Bool == false, "\(list.body)")
      #expect((list.json["losses"] as? [[String: Any]])?.first?["dropped"] as? Int == 7)
      for trace in traces {
        let id = try #require(trace["trace_id"] as? String)
        #expect(id.hasPrefix("6d657461666c6f77") && trace["calls"] as? Int == 1)
        let same = try await api.get("/v1/traces/\(id)")
        #expect(same.status == 200 && same.json["trace_id"] as? String == id, "\(same.body)")
      }
      let map = try await api.get("/v1/tracemap?own=1")
      #expect(
        map.json["traces"] as? Int == 2 && map.json["critical_time"] as? Int == 1_799, "\(map.body)"
      )
      let edges = map.json["edges"] as? [[String: Any]] ?? []
      #expect(edges.first?["from"] is NSNull && edges.first?["calls"] as? Int == 2, "\(map.body)")
      #expect((map.json["losses"] as? [[String: Any]])?.first?["dropped"] as? Int == 7)
      let examples = try await api.get("/v1/exemplars?own=1&step=3600")
      let point = (examples.json["points"] as? [[String: Any]])?.first
      let slowest = point?["slowest"] as? [String: Any]
      #expect(slowest?["duration"] as? Int == 900 && point?["failed"] is NSNull, "\(examples.body)")
      let example = try #require(slowest?["trace_id"] as? String)
      #expect(try await api.get("/v1/traces/\(example)").status == 200)
      let failed = try await api.get("/v1/traces?status=error")
      #expect((failed.json["traces"] as? [Any])?.isEmpty == true, "\(failed.body)")
      let unknown = try await api.get("/v1/traces?tag=nonsense%3D1")
      #expect(unknown.status == 400 && unknown.body.contains("nonsense"), "\(unknown.body)")
      let both = try await api.exchange(
        "DELETE /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
      #expect(both.status == 405 && both.body.contains("GET"), "\(both.body)")
      let other = "\(UInt64(now) << 32 | 2)"
      let why = try await api.get("/v1/traces/\(number)/why?parent=\(other)")
      #expect(why.json["is_parent"] as? Bool == false && why.json["confidence"] is NSNull)
      #expect(why.body.contains("Both carry trace id, and none in common."), "\(why.body)")
      #expect(try await api.get("/v1/traces/\(number)/why?parent=5").status == 404)
      let none = try await api.get("/v1/traces/nothing")
      #expect(none.status == 404 && none.body.contains("look further back"))
    }
  }
}

extension ColumnBatch {
  /// Appends one row; columns that are not named stay empty.
  mutating func append(_ numbers: [String: UInt64], texts: [String: String]) {
    for (index, column) in table.columns.enumerated() {
      let number = numbers[column.name]
      switch column.type {
      case .array: endArray(in: index)
      case _ where texts[column.name] != nil: append(texts[column.name] ?? "", to: index)
      case _ where number == nil: appendEmpty(to: index)
      case .dateTime, .uint32: append(UInt32(clamping: number ?? 0), to: index)
      case .uint8: append(UInt8(clamping: number ?? 0), to: index)
      case .nullable(.int32): append(number.map { Int32(clamping: $0) }, to: index)
      case .uint16: append(UInt16(clamping: number ?? 0), to: index)
      default: append(number ?? 0, to: index)
      }
    }
  }
}
