// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query

/// `GET /v1/traces`: the traces in which a call passes a filter.
struct TraceListRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("v1/traces") { request, context throws(Refusal) in
      let list = try TraceListRequest(request, protocols: catalog.snapshot.protocols())
      return try await runner.answer(context) { service throws(Refusal) in
        try await service.answer(over: list.filter, catalog.snapshot) { json, found in
          json.member("traces") { $0.array(found.traces) { $0.outline($1) } }
        }
      }
    }
  }
}

extension QueryService {
  /// An answer over the traces that a filter finds: what `body` tells of them, and what is said of every
  /// such answer.
  func answer(
    over filter: TraceFilter, _ directory: any TagDirectory,
    _ body: (inout JSONText, FoundTraces) -> Void
  ) async throws(Refusal) -> JSONText {
    do throws(QueryError) {
      let found = try await traces(filter, directory: directory)
      let losses = await missing(in: filter.calls.time)
      var json = JSONText()
      json.object { json in
        json.member("OPT_STATUS", "SUCCESS")
        json.member("DESCRIPTION", "")
        body(&json, found)
        json.member("is_cut") { $0.bool(found.isCut) }
        json.member("notes") { $0.array(found.notes) { $0.string($1) } }
        json.losses(losses)
        json.member("range") { $0.range(filter.calls.time) }
      }
      return json
    } catch {
      throw Refusal(error)
    }
  }

  /// What was lost in those seconds. That it cannot be told does not take an answer away.
  func missing(in seconds: ClosedRange<Int64>) async -> Result<[LossSummary], QueryError> {
    do throws(QueryError) {
      return .success(
        try await losses(in: TimeRange(first: seconds.lowerBound, last: seconds.upperBound)))
    } catch {
      return .failure(error)
    }
  }
}

extension JSONText {
  /// Calls that are told of those that passed.
  private static let mostMatches = 3

  mutating func range(_ seconds: ClosedRange<Int64>) {
    object { json in
      json.member("first", seconds.lowerBound)
      json.member("last", seconds.upperBound)
    }
  }

  fileprivate mutating func outline(_ found: FoundTrace) {
    let trace = found.trace
    object { json in
      json.member("trace_id", trace.identity)
      json.member("start_time", trace.start)
      json.member("end_time", trace.end)
      json.member("duration", trace.duration)
      json.member("calls", trace.calls.count)
      json.member("failed", trace.failures)
      json.member("is_cut") { $0.bool(trace.isCut) }
      json.member("services") { json in
        json.array(trace.services) { json, service in
          json.object { json in
            json.member("name", service.name)
            json.member("calls", service.calls)
            json.member("failed", service.failures)
          }
        }
      }
      if let root = trace.calls.first { json.member("root") { $0.brief(root) } }
      json.member("matched", found.matches.count)
      json.member("matches") { json in
        json.array(found.matches.prefix(Self.mostMatches)) { $0.brief(trace.calls[$1]) }
      }
    }
  }

  private mutating func brief(_ call: TraceNode) {
    object { json in
      json.member("id", "\(call.id)")
      json.member("client", call.client.service.isEmpty ? call.client.address : call.client.service)
      json.member("server", call.server.service.isEmpty ? call.server.address : call.server.service)
      json.text(call.text)
      json.member("start_time", call.start)
      json.member("duration", call.duration)
    }
  }
}
