// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query

/// `GET /v1/records/{id}/ends`: what the ends of a row are told as, and where that comes from.
struct EndRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("v1/records/:id/ends") { _, context throws(Refusal) in
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
      throw Refusal("'\(text)' is no row number; take _id of a row of a call or flow log.")
    }
    let ends: ToldEnds?
    do throws(QueryError) {
      ends = try await service.ends(of: id, directory: catalog.snapshot)
    } catch {
      throw Refusal(error)
    }
    guard let ends else {
      throw Refusal(
        "There is no call or flow \(id); it may have expired.", code: "NOT_FOUND",
        status: .notFound)
    }
    let agent = catalog.snapshot.agents().first { UInt64($0.number) == ends.agent }
    var json = JSONText()
    json.object { json in
      json.member("time", ends.time)
      json.member("agent_id", ends.agent)
      json.member("agent_host", agent?.hostname ?? "")
      json.member("observation_point", ends.observationPoint)
      json.member("client") { $0.end(ends.client) }
      json.member("server") { $0.end(ends.server) }
    }
    return json
  }
}

extension JSONText {
  fileprivate mutating func end(_ end: ToldEnd) {
    object { json in
      json.member("ip", end.address)
      json.member("port", end.port)
      json.member("auto_service", end.service)
      json.member("auto_instance", end.instance)
      json.member("tag_set_id", end.tagSet)
      json.member("tag_source") { json in json.array(end.sources) { $0.string($1) } }
      json.member("resources") { json in json.array(end.resources) { $0.resource($1) } }
    }
  }

  private mutating func resource(_ resource: ToldEnd.Resource) {
    object { json in
      json.member("tag", resource.tag)
      json.member("kind", resource.kind)
      json.member("name", resource.name)
      json.member("told_by", resource.isWatched ? "watcher" : "agent")
      json.member("valid_from", resource.validFrom)
      json.member("valid_to", resource.validTo)
      json.member("version", resource.version)
      json.member("entity", resource.entity)
      json.member("attributes") { json in
        json.array(resource.attributes) { json, attribute in
          json.object { json in
            json.member("name", attribute.name)
            json.member("value", attribute.value)
          }
        }
      }
    }
  }
}
