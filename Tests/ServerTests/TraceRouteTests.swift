// SPDX-License-Identifier: Apache-2.0

import Foundation
import Storage
import Telemetry
import Testing

@testable import Server

/// Traces over HTTP.
@Suite(.serialized) struct TraceRouteTests {
  @Test(arguments: [
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

  /// An id may have any letters; a number that is no row's may be a trace id.
  @Test func aTraceIsAnsweredWithItsLosses() async throws {
    try await RunningAPI.withEngine { api, engine async throws in
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
  fileprivate mutating func append(_ numbers: [String: UInt64], texts: [String: String]) {
    for (index, column) in table.columns.enumerated() {
      let number = numbers[column.name]
      switch column.type {
      case .array: endArray(in: index)
      case _ where texts[column.name] != nil: append(texts[column.name] ?? "", to: index)
      case _ where number == nil: appendEmpty(to: index)
      case .dateTime, .uint32: append(UInt32(clamping: number ?? 0), to: index)
      case .uint8: append(UInt8(clamping: number ?? 0), to: index)
      case .uint16: append(UInt16(clamping: number ?? 0), to: index)
      default: append(number ?? 0, to: index)
      }
    }
  }
}
