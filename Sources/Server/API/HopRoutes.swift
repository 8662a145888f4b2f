// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query

/// `GET /v1/calls/{id}/hops`: one call at every observation point, from client to server.
struct HopRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("v1/calls/:id/hops") { _, context throws(Refusal) in
      let id = context.parameters.get("id") ?? ""
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(id, service)
      }
    }
  }

  private func answer(
    _ text: String, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    guard let id = UInt64(text) else {
      throw Refusal("'\(text)' is no row number; take _id of a row of flow_log.l7_flow_log.")
    }
    let hops: [CallHop]
    do throws(QueryError) {
      hops = try await service.hops(of: id, directory: catalog.snapshot)
    } catch {
      throw Refusal(error)
    }
    guard !hops.isEmpty else {
      throw Refusal(
        "There is no call \(id); it may have expired.", code: "NOT_FOUND", status: .notFound)
    }
    var json = JSONText()
    json.object { $0.member("hops") { $0.array(hops) { $0.hop($1) } } }
    return json
  }
}

extension JSONText {
  /// Row and flow numbers are text: they go beyond what a JavaScript number holds.
  fileprivate mutating func hop(_ hop: CallHop) {
    object { json in
      json.member("id", "\(hop.id)")
      json.member("observation_point", hop.observationPoint)
      json.member("signal_source", hop.signalSource)
      json.member("agent_id", hop.agent)
      json.member("flow_id", "\(hop.flow)")
      json.member("start_time", hop.start)
      json.member("end_time", hop.end)
      json.member("duration", hop.duration)
      json.member("network_to_next", hop.network)
      json.member("client") { $0.end(hop.clientService, hop.clientAddress, hop.clientPort) }
      json.member("server") { $0.end(hop.serverService, hop.serverAddress, hop.serverPort) }
    }
  }

  private mutating func end(_ service: String, _ address: String, _ port: UInt64) {
    object { json in
      json.member("service", service)
      json.member("ip", address)
      json.member("port", port)
    }
  }
}
