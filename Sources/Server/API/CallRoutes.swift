// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query
import Storage

/// `GET /v1/calls`: calls, the records of each joined into one. `GET /v1/calls/{id}/meanwhile`: what
/// the server of a call made while it served it.
struct CallRoutes {
  let service: QueryService
  let catalog: Catalog

  func add(to router: Router<some RequestContext>) {
    router.get("v1/calls") { request, _ in
      do throws(Refusal) {
        return try await list(CallListRequest(request, protocols: catalog.snapshot.protocols()))
      } catch {
        return error.response
      }
    }
    router.get("v1/calls/:id/meanwhile") { _, context in
      do throws(Refusal) {
        return try await meanwhile(context.parameters.get("id") ?? "")
      } catch {
        return error.response
      }
    }
  }

  private func list(_ request: CallListRequest) async throws(Refusal) -> Response {
    let directory = catalog.snapshot
    do throws(QueryError) {
      let page = try await service.calls(request.filter, directory: directory)
      var bars: [CallBar]?
      if let step = request.step {
        bars = try await service.callBars(request.filter, step: step, directory: directory)
      }
      let losses = await service.missing(from: page.answer)
      var json = JSONText()
      json.object { json in
        json.answer(page.answer, losses: losses)
        json.member("is_cut") { $0.bool(page.isCut) }
        guard let bars else { return }
        json.member("bars") { $0.array(bars) { $0.bar($1) } }
      }
      return json.response()
    } catch {
      throw Refusal(error)
    }
  }

  private func meanwhile(_ text: String) async throws(Refusal) -> Response {
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
      return json.response()
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
