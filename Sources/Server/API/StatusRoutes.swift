// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore

/// `GET /v1/status`, `GET /v1/health`, `GET /v1/agents` and `GET /metrics`: how the server is.
struct StatusRoutes {
  /// Where agents reach it.
  let ingest: NetworkAddress
  let health: @Sendable () async -> Health
  let agents: @Sendable () -> [AgentSummary]
  let metrics: @Sendable () async -> String

  func add(to routes: inout APIRoutes) {
    routes.get("v1/status") { _, _ in status() }
    routes.get("v1/health") { _, _ in Self.answer(await health()) }
    routes.get("v1/agents") { _, _ in agentList() }
    routes.get("metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics())))
    }
  }

  private func status() -> Response {
    var json = JSONText()
    json.object { json in
      json.member("ingest") { json in
        json.object { json in
          json.member("host", ingest.host)
          json.member("port", ingest.port)
        }
      }
    }
    return json.response()
  }

  private static func answer(_ health: Health) -> Response {
    var json = JSONText()
    json.object { $0.members(health) }
    return json.response(status: health.level == .failing ? .serviceUnavailable : .ok)
  }

  private func agentList() -> Response {
    var json = JSONText()
    json.object { json in
      json.member("agents") { json in
        json.array(agents()) { json, agent in
          json.object { json in
            json.member("id", agent.id)
            json.member("hostname", agent.hostname)
            json.member("version", agent.version)
            json.member("connected") { $0.bool(agent.isConnected) }
            json.member("state", agent.state)
            json.member("last_seen", agent.lastSeen)
            json.member("restarts", agent.restarts)
            json.member("crashes") { json in
              json.array(agent.crashes) { json, crashes in
                json.object { json in
                  json.member("protocol", crashes.name)
                  json.member("count", crashes.count)
                  json.member("suspended") { $0.bool(crashes.isSuspended) }
                }
              }
            }
          }
        }
      }
    }
    return json.response()
  }
}

/// An agent as the API shows it.
struct AgentSummary: Sendable {
  var id: UInt16
  var hostname: String
  var version: String
  var isConnected: Bool
  /// Whether it sends capture files, not what happens on its host.
  var isReplay: Bool
  /// `connected`, `away`, or for a replay that is over, and that nobody waits for, `ended`.
  var state: String { isConnected ? "connected" : isReplay ? "ended" : "away" }
  /// RFC 3339, UTC; empty before the first frame since the server started.
  var lastSeen: String
  /// Starts after a crash, and the crashes by protocol, as the agent last told.
  var restarts: UInt64
  var crashes: [AgentPresence.Crashes]
}
