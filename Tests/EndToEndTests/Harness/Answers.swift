// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A row of an answer by column, as text; null is empty.
typealias Row = [String: String]

extension Stack {
  /// Runs a statement as a user does, through `POST /v1/query/`.
  func query(_ sql: String, db: String = "flow_log") async throws -> [Row] {
    let body = try JSONSerialization.data(withJSONObject: ["db": db, "sql": sql])
    let answer = try run(
      "curl",
      [
        "-sS", "--max-time", "60", "-H", "content-type: application/json", "--data-binary", "@-",
        "http://127.0.0.1:\(http)/v1/query/",
      ], input: String(decoding: body, as: UTF8.self)
    ).output
    guard let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any],
      let result = object["result"] as? [String: Any],
      let columns = result["columns"] as? [String], let values = result["values"] as? [[Any]]
    else { throw HarnessFailure("\(sql)\nwas answered with: \(answer)") }
    return values.map { row in
      Dictionary(zip(columns, row.map(Self.text)), uniquingKeysWith: { first, _ in first })
    }
  }

  private static func text(_ value: Any) -> String {
    switch value {
    case is NSNull: ""
    case let text as String: text
    case let number as NSNumber: number.stringValue
    default: "\(value)"
    }
  }

  /// The calls that match, once there are at least `count` of them.
  func calls(
    _ condition: String, point: String, count: Int, within limit: Duration = .seconds(30)
  ) async throws -> [Row] {
    let columns =
      "request_type, request_resource, request_domain, endpoint, response_status, response_code, "
      + "response_duration, response_exception, auto_service_0, auto_service_1, sql_affected_rows, "
      + "trace_id, server_port, request_id, type, is_tls, req_tcp_seq, resp_tcp_seq"
    return try await eventually("\(count) calls at \(point) where \(condition)", within: limit) {
      let rows = try await query(
        "SELECT \(columns) FROM l7_flow_log WHERE observation_point = '\(point)' AND \(condition) "
          + "ORDER BY start_time LIMIT 10000")
      return rows.count >= count ? rows : nil
    }
  }
}
