// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import Query
import Storage

/// `/jaeger/api/...`: the JSON of Jaeger's query service, after its documentation, so that its UI and
/// Grafana's data source of that kind show our traces.
struct JaegerRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  /// Seconds back in which services and their operations are looked for.
  private static let namesSeconds: Int64 = 21_600

  func add(to routes: inout APIRoutes) {
    routes.get("jaeger/api/services") { _, context throws(Refusal) in
      try await answer(context) { service throws(QueryError) in
        let values = try await service.spanTagValues(
          "service.name", in: Self.recent(), query: nil, directory: catalog.snapshot)
        let names = values.map(\.text).sorted()
        return JSONText(jaeger: names) { $0.string($1) }
      }
    }
    routes.get("jaeger/api/services/:service/operations") { _, context throws(Refusal) in
      let name = context.parameters.get("service").flatMap { $0.removingPercentEncoding } ?? ""
      return try await answer(context) { service throws(QueryError) in
        let names = try await service.spanNames(
          of: name, in: Self.recent(), directory: catalog.snapshot)
        return JSONText(jaeger: names.sorted()) { $0.string($1) }
      }
    }
    routes.get("jaeger/api/operations") { request, context throws(Refusal) in
      let name = TempoParameters(request).text("service")
      return try await answer(context) { service throws(QueryError) in
        let names = try await service.spanNames(
          of: name, in: Self.recent(), directory: catalog.snapshot)
        return JSONText(jaeger: names.sorted()) { json, name in
          json.object { json in
            json.member("name", name)
            json.member("spanKind", "")
          }
        }
      }
    }
    routes.get("jaeger/api/traces/:id") { _, context throws(Refusal) in
      let id = context.parameters.get("id").flatMap { $0.removingPercentEncoding } ?? ""
      return try await runner.answer(context) { service throws(Refusal) -> JSONText in
        let time = 0...(wallClock() / 1_000_000_000)
        let tree = try await service.tree(id, time, catalog.snapshot)
        return JSONText(jaeger: [tree]) { $0.jaegerTrace($1) }
      }
    }
    routes.get("jaeger/api/traces") { request, context throws(Refusal) in
      let asked = try JaegerSearch(request)
      return try await runner.answer(context) { service throws(Refusal) -> JSONText in
        try await asked.answer(service, catalog.snapshot)
      }
    }
    routes.get("jaeger/api/dependencies") { request, context throws(Refusal) in
      let given = TempoParameters(request)
      let end = try given.number("endTs", 0...4_294_967_295_000) ?? wallClock() / 1_000_000
      let back = try given.number("lookback", 0...4_294_967_295_000) ?? 86_400_000
      let seconds = max(0, end - back) / 1_000...end / 1_000
      return try await answer(context) { service throws(QueryError) in
        let calls = try await service.callCounts(in: seconds, directory: catalog.snapshot)
        return JSONText(jaeger: calls) { json, call in
          json.object { json in
            json.member("parent", call.client)
            json.member("child", call.server)
            json.member("callCount", call.calls)
          }
        }
      }
    }
  }

  private static func recent() -> ClosedRange<Int64> {
    let now = wallClock() / 1_000_000_000
    return max(0, now - namesSeconds)...now
  }

  private func answer(
    _ context: APIContext,
    _ make: @escaping @Sendable (QueryService) async throws(QueryError) -> JSONText
  ) async throws(Refusal) -> Response {
    try await runner.answer(context) { service throws(Refusal) -> JSONText in
      do throws(QueryError) {
        return try await make(service)
      } catch {
        throw Refusal(error)
      }
    }
  }
}

extension JSONText {
  /// A list as Jaeger wraps each.
  init<Element>(jaeger elements: [Element], _ write: (inout JSONText, Element) -> Void) {
    self.init()
    object { json in
      json.member("data") { $0.array(elements, write) }
      json.member("total", elements.count)
      json.member("limit", 0)
      json.member("offset", 0)
      json.member("errors") { $0.raw("null") }
    }
  }
}
