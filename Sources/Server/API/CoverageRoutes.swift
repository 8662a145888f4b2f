// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Telemetry

/// `GET /v1/coverage`: what the agents see of the processes of their hosts, what they do not, and why.
struct CoverageRoutes {
  /// What an agent told last.
  struct Told: Sendable {
    var agent: UInt16
    var hostname: String
    var report: CoverageReport
  }

  let told: @Sendable () -> [Told]
  /// The names of protocols, by their numbers.
  let protocols: @Sendable () -> [UInt8: String]

  func add(to routes: inout APIRoutes) {
    routes.get("v1/coverage") { _, _ in answer() }
  }

  private func answer() -> Response {
    let (told, names) = (told(), protocols())
    var json = JSONText()
    json.object { json in
      json.member("rows") { json in
        json.array(told.flatMap { one in one.report.rows.map { (one, $0) } }) { json, entry in
          Self.write(entry.1, of: entry.0, names, to: &json)
        }
      }
      json.member("left_out", told.reduce(0) { $0 + $1.report.leftOut })
    }
    return json.response()
  }

  private static func write(
    _ row: CoverageReport.Row, of told: Told, _ names: [UInt8: String], to json: inout JSONText
  ) {
    let number = row.applicationProtocol.rawValue
    json.object { json in
      json.member("agent", told.agent)
      json.member("host", told.hostname)
      json.member("time", told.report.time.nanoseconds / 1_000_000_000)
      json.member("process_id", row.process.pid)
      json.member("process", row.name)
      json.member("state", row.gap.name)
      json.member("protocol", number == 0 ? "" : names[number] ?? "\(number)")
      json.member("port", row.port)
      json.member("subject", row.subject)
      json.member("connections", row.count)
      json.member("reason", row.gap.reason)
      json.member("remedy", row.gap.remedy)
    }
  }
}
