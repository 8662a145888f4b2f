// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query

/// `GET /v1/calls/{id}/hops`: one call at every observation point, from client to server.
struct HopRoutes {
  let service: QueryService
  let catalog: Catalog

  func add(to router: Router<some RequestContext>) {
    router.get("v1/calls/:id/hops") { _, context in
      do throws(Refusal) {
        return try await answer(context.parameters.get("id") ?? "")
      } catch {
        return error.response
      }
    }
  }

  private func answer(_ text: String) async throws(Refusal) -> Response {
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
    json.raw("{\"hops\":")
    json.array(hops) { $0.hop($1) }
    json.raw("}\n")
    return json.response()
  }
}

extension JSONText {
  /// Row and flow numbers are text: they go beyond what a JavaScript number holds.
  fileprivate mutating func hop(_ hop: CallHop) {
    raw("{\"id\":")
    string("\(hop.id)")
    raw(",\"observation_point\":")
    string(hop.observationPoint)
    raw(",\"signal_source\":")
    integer(hop.signalSource)
    raw(",\"agent_id\":")
    integer(hop.agent)
    raw(",\"flow_id\":")
    string("\(hop.flow)")
    raw(",\"start_time\":")
    integer(hop.start)
    raw(",\"end_time\":")
    integer(hop.end)
    raw(",\"duration\":")
    optional(hop.duration)
    raw(",\"network_to_next\":")
    optional(hop.network)
    raw(",\"client\":")
    end(hop.clientService, hop.clientAddress, hop.clientPort)
    raw(",\"server\":")
    end(hop.serverService, hop.serverAddress, hop.serverPort)
    raw("}")
  }

  private mutating func optional(_ value: Int64?) {
    if let value { integer(value) } else { raw("null") }
  }

  private mutating func end(_ service: String, _ address: String, _ port: UInt64) {
    raw("{\"service\":")
    string(service)
    raw(",\"ip\":")
    string(address)
    raw(",\"port\":")
    integer(port)
    raw("}")
  }
}
