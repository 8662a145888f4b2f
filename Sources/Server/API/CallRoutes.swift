// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query
import Storage

/// `GET /v1/calls`: calls, the records of each joined into one. `GET /v1/calls/{id}/meanwhile`: what
/// the server of a call made while it served it.
struct CallRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("v1/calls") { request, context throws(Refusal) in
      let list = try CallListRequest(request, protocols: catalog.snapshot.protocols())
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(list, service)
      }
    }
    routes.get("v1/calls/:id/meanwhile") { _, context throws(Refusal) in
      let id = context.parameters.get("id") ?? ""
      return try await runner.answer(context) { service throws(Refusal) in
        try await meanwhile(id, service)
      }
    }
  }

  private func answer(
    _ request: CallListRequest, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    let directory = catalog.snapshot
    do throws(QueryError) {
      let page = try await service.calls(request.filter, directory: directory)
      var bars: [CallBar]?
      if let step = request.step {
        bars = try await service.callBars(request.filter, step: step, directory: directory)
      }
      let losses = await service.missing(from: page.answer)
      return JSONText(page, losses: losses, bars: bars) { $0.bar($1) }
    } catch {
      throw Refusal(error)
    }
  }

  private func meanwhile(
    _ text: String, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    guard let id = UInt64(text) else {
      throw Refusal("'\(text)' is no row number; take _id of a row of flow_log.l7_flow_log.")
    }
    do throws(QueryError) {
      let found = try await service.meanwhile(id, directory: catalog.snapshot)
      var json = JSONText()
      json.object { json in
        json.member("is_seen") { $0.bool(found != nil) }
        guard let found else { return }
        json.member("service", found.service)
        json.member("start_time", found.time.lowerBound)
        json.member("end_time", found.time.upperBound)
        json.member("is_cut") { $0.bool(found.page.isCut) }
        json.member("result") { $0.object { $0.members(found.page.answer) } }
      }
      return json
    } catch {
      throw Refusal(error)
    }
  }
}

extension JSONText {
  fileprivate mutating func bar(_ bar: CallBar) {
    object { json in
      json.member("time", bar.time)
      json.member("status", bar.status)
      json.member("calls", bar.calls)
    }
  }
}
