// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Query
import Storage

/// `GET /v1/tracemap`: which calls cause which others in the traces that a filter finds, how often, and at
/// what cost.
struct TraceMapRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("v1/tracemap") { request, context throws(Refusal) in
      let list = try TraceListRequest(
        request, of: "/v1/tracemap", protocols: catalog.snapshot.protocols())
      return try await runner.answer(context) { service throws(Refusal) -> JSONText in
        try await service.answer(over: list.filter, catalog.snapshot) { json, found in
          json.map(TraceMap(found.traces.map(\.trace)))
        }
      }
    }
  }
}

extension JSONText {
  fileprivate mutating func map(_ map: TraceMap) {
    member("traces", map.traces)
    member("critical_time", map.criticalTime)
    member("steps") { json in
      json.array(map.steps) { json, ranked in
        json.object { json in
          json.step(ranked.step)
          json.cost(ranked.cost)
        }
      }
    }
    member("edges") { $0.array(map.edges) { $0.edge($1) } }
  }

  fileprivate mutating func step(_ step: TraceMap.Step) {
    member("service", step.service)
    member("protocol", step.protocol)
    member("name", step.name)
  }

  fileprivate mutating func cost(_ cost: TraceMap.Cost) {
    member("in_traces", cost.traces)
    member("calls", cost.calls)
    member("failed", cost.failures)
    member("duration", cost.duration)
    member("longest", cost.longest)
    member("self_time", cost.selfTime)
    member("critical_time", cost.criticalTime)
  }

  fileprivate mutating func edge(_ edge: TraceMap.Edge) {
    object { json in
      json.member("from") { json in
        guard let from = edge.from else { return json.raw("null") }
        json.object { $0.step(from) }
      }
      json.member("to") { $0.object { $0.step(edge.to) } }
      json.cost(edge.cost)
      json.member("confidence") { $0.value(edge.confidence.map(Value.double) ?? .null) }
    }
  }
}
