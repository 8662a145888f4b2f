// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Query

/// `GET /v1/exemplars`: of each interval a call that stands for it, and leads from a point of a chart to
/// a trace.
struct ExemplarRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  private static let known = [
    "from", "to", "last", "service", "client", "server", "protocol", "status", "slower", "resource",
    "endpoint", "trace", "port", "attribute", "tag", "own", "step",
  ]

  func add(to routes: inout APIRoutes) {
    routes.get("v1/exemplars") { request, context throws(Refusal) in
      let given = try ListParameters(request, of: "/v1/exemplars", known: Self.known)
      let filter = try given.callFilter(catalog.snapshot.protocols())
      let step = try given.step(over: filter.time) ?? 60
      return try await runner.answer(context) { service throws(Refusal) -> JSONText in
        try await answer(filter, step, service)
      }
    }
  }

  private func answer(
    _ filter: CallFilter, _ step: Int64, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    do throws(QueryError) {
      let points = try await service.exemplars(filter, step: step, directory: catalog.snapshot)
      let losses = await service.missing(in: filter.time)
      var json = JSONText()
      json.object { json in
        json.member("OPT_STATUS", "SUCCESS")
        json.member("DESCRIPTION", "")
        json.member("points") { json in
          json.array(points) { json, point in
            json.object { json in
              json.member("time", point.time)
              json.member("slowest") { $0.exemplar(point.slowest) }
              json.member("failed") { json in
                if let failed = point.failed { json.exemplar(failed) } else { json.raw("null") }
              }
            }
          }
        }
        json.losses(losses)
        json.member("range") { $0.range(filter.time) }
      }
      return json
    } catch {
      throw Refusal(error)
    }
  }
}

extension JSONText {
  fileprivate mutating func exemplar(_ call: Exemplar) {
    object { json in
      json.member("id", "\(call.id)")
      json.member("trace_id", call.trace)
      json.member("client", call.client)
      json.member("server", call.server)
      json.text(call.text)
      json.member("start_time", call.start)
      json.member("duration", call.duration)
    }
  }
}
