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
    json.raw("{\"status\":\"ok\"}\n")
    return json.response()
  }

  private func agentList() -> Response {
    var json = JSONText()
    json.raw("{\"agents\":")
    json.array(agents()) { json, agent in
      json.raw("{\"id\":")
      json.integer(agent.id)
      json.raw(",\"hostname\":")
      json.string(agent.hostname)
      json.raw(",\"version\":")
      json.string(agent.version)
      json.raw(",\"connected\":")
      json.bool(agent.isConnected)
      json.raw(",\"last_seen\":")
      json.string(agent.lastSeen)
      json.raw("}")
    }
    json.raw("}\n")
    return json.response()
  }
}

/// An agent as the API shows it.
struct AgentSummary: Sendable {
  var id: UInt16
  var hostname: String
  var version: String
  var isConnected: Bool
  /// RFC 3339, UTC; empty before the first frame since the server started.
  var lastSeen: String
}
