// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import NIOCore
import Storage

/// `GET /v1/health`, `GET /v1/agents` and `GET /metrics`: how the server is.
struct StatusRoutes {
  let storage: any StorageBackend
  let agents: @Sendable () -> [AgentSummary]
  let metrics: @Sendable () async -> String

  func add(to router: Router<some RequestContext>) {
    router.get("v1/health") { _, _ in await health() }
    router.get("v1/agents") { _, _ in agentList() }
    router.get("metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics())))
    }
  }

  private func health() async -> Response {
    do throws(StorageError) {
      _ = try await storage.query("SELECT 1", limits: .init(seconds: 5))
    } catch {
      return Refusal(error.description, code: "UNAVAILABLE", status: .serviceUnavailable).response
    }
    var json = JSONText()
    json.object { $0.member("status", "ok") }
    return json.response()
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
}
