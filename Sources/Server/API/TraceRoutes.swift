// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import Query
import Storage

/// `GET /v1/traces/{id}`: the whole path of a request, by a record of it, a trace id or an
/// X-Request-ID.
struct TraceRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  /// How the id is meant.
  private enum Kind: String, CaseIterable {
    case record, trace, identifier = "x_request_id"
  }

  func add(to routes: inout APIRoutes) {
    routes.get("v1/traces/:id") { request, context throws(Refusal) in
      let id = context.parameters.get("id").flatMap { $0.removingPercentEncoding } ?? ""
      let given = try ListParameters(
        request, of: "/v1/traces/{id}", known: ["by", "from", "to", "last"])
      let kind = try given.choice("by", Kind.allCases.map { ($0.rawValue, $0) })
      let time = try given.time()
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(id, kind, time, service)
      }
    }
    routes.get("v1/traces/:id/why") { request, context throws(Refusal) in
      let given = try ListParameters(request, of: "/v1/traces/{id}/why", known: ["parent"])
      let child = try Self.record(context.parameters.get("id") ?? "")
      guard let other = given.text("parent") else {
        throw Refusal("parent is missing: the number of the call that may have caused it.")
      }
      let parent = try Self.record(other)
      return try await runner.answer(context) { service throws(Refusal) in
        try await why(child, parent, service)
      }
    }
  }

  private func answer(
    _ id: String, _ kind: Kind?, _ time: ClosedRange<Int64>, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    let seeds = try Self.seeds(id, kind)
    do throws(QueryError) {
      for seed in seeds {
        let found = try await service.trace(seed, in: time, directory: catalog.snapshot)
        guard let found else { continue }
        let losses = await service.missing(from: found)
        var json = JSONText()
        json.object { json in
          json.member("trace_id", found.identity)
          json.member("found_by", Self.kind(of: seed).rawValue)
          json.trace(found)
          json.losses(losses)
        }
        return json
      }
    } catch {
      throw Refusal(error)
    }
    throw Refusal(Self.nothing(id, kind, time), code: "NOT_FOUND", status: .notFound)
  }

  private func why(
    _ child: UInt64, _ parent: UInt64, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    let found: TraceExplanation?
    do throws(QueryError) {
      found = try await service.explanation(
        of: child, below: parent, directory: catalog.snapshot)
    } catch {
      throw Refusal(error)
    }
    guard let found else {
      throw Refusal(
        "There is no call \(child), or none \(parent); it may have expired.", code: "NOT_FOUND",
        status: .notFound)
    }
    var json = JSONText()
    json.object { json in
      json.member("is_parent") { $0.bool(found.isParent) }
      json.member("confidence") { $0.value(found.confidence.map(Value.double) ?? .null) }
      json.member("sentences") { $0.array(found.sentences) { $0.string($1) } }
    }
    return json
  }

  private static func record(_ text: String) throws(Refusal) -> UInt64 {
    guard let number = UInt64(text) else {
      throw Refusal("'\(text)' is no row number; take _id of a row of flow_log.l7_flow_log.")
    }
    return number
  }

  /// What the id may be, the likeliest first.
  private static func seeds(_ id: String, _ kind: Kind?) throws(Refusal) -> [TraceSeed] {
    guard !id.isEmpty, id.utf8.count <= 1_024 else {
      throw Refusal("The id has \(id.utf8.count) bytes; it must have 1 to 1024.")
    }
    switch kind {
    case .record:
      return [.record(try record(id))]
    case .trace: return TraceIdentity.seeds(id)
    case .identifier: return [.identifier(id)]
    case nil:
      return (UInt64(id).map { [.record($0)] } ?? []) + TraceIdentity.seeds(id) + [.identifier(id)]
    }
  }

  private static func kind(of seed: TraceSeed) -> Kind {
    switch seed {
    case .record: .record
    case .trace: .trace
    case .identifier: .identifier
    }
  }

  private static func nothing(_ id: String, _ kind: Kind?, _ time: ClosedRange<Int64>) -> String {
    if kind == .record { return "There is no call \(id); it may have expired." }
    let what =
      switch kind {
      case .trace: "trace id"
      case .identifier: "X-Request-ID"
      default: "row number, trace id or X-Request-ID"
      }
    return
      "There is no call from \(time.lowerBound) to \(time.upperBound) that has the \(what) '\(id)'; "
      + "look further back with last, or from and to (seconds)."
  }
}

extension QueryService {
  /// What was lost while the trace was. That it cannot be told does not take the answer away.
  func missing(from trace: Trace) async -> Result<[LossSummary], QueryError> {
    do throws(QueryError) {
      let seconds = max(0, trace.start / 1_000_000)...max(0, trace.end / 1_000_000)
      return .success(
        try await losses(in: TimeRange(first: seconds.lowerBound, last: seconds.upperBound)))
    } catch {
      return .failure(error)
    }
  }
}

extension JSONText {
  fileprivate mutating func trace(_ trace: Trace) {
    member("start_time", trace.start)
    member("end_time", trace.end)
    member("entry", trace.entry)
    member("is_cut") { $0.bool(trace.isCut) }
    member("notes") { $0.array(trace.notes) { $0.string($1) } }
    member("clocks") { json in
      json.array(trace.clocks) { json, clock in
        json.object { json in
          json.member("agent_id", clock.agent)
          json.member("shift", clock.shift)
        }
      }
    }
    member("searched") { json in
      json.object { json in
        json.member("first", trace.seconds.lowerBound)
        json.member("last", trace.seconds.upperBound)
      }
    }
    member("calls") { $0.array(trace.calls) { $0.call($1) } }
  }

  private mutating func call(_ call: TraceNode) {
    object { json in
      json.member("id", "\(call.id)")
      json.member("parent", call.parent)
      json.member("depth", call.depth)
      json.member("edge") { json in
        guard let confidence = call.confidence else { return json.raw("null") }
        json.edge(confidence, call.evidence)
      }
      if let missing = call.missing { json.member("without_parent", missing) }
      json.member("start_time", call.start)
      json.member("end_time", call.end)
      json.member("duration", call.duration)
      json.member("server_duration", call.serverDuration)
      json.member("self_time", call.selfTime)
      json.member("critical_time", call.criticalTime)
      json.member("client") { $0.end(call.client) }
      json.member("server") { $0.end(call.server) }
      json.text(call.text)
      json.member("trace_id", call.trace)
      json.member("x_request_id", call.identifier)
      json.member("hops") { $0.array(call.hops) { $0.hop($1) } }
    }
  }

  private mutating func edge(_ confidence: Double, _ evidence: [TraceEvidence]) {
    object { json in
      json.member("confidence") { $0.value(.double(confidence)) }
      json.member("is_certain") { $0.bool(confidence >= 1) }
      json.member("reasons") { json in
        json.array(evidence) { json, one in
          json.object { json in
            json.member("kind", one.kind.rawValue)
            json.member("text", one.text)
            json.member("confidence") { $0.value(.double(one.confidence)) }
          }
        }
      }
    }
  }

  mutating func text(_ text: TraceText) {
    member("protocol", text.application)
    member("request_type", text.type)
    member("request_resource", text.resource)
    member("request_domain", text.domain)
    member("endpoint", text.endpoint)
    member("status", text.status)
    member("response_code", text.code)
    member("response_exception", text.exception)
  }

  private mutating func end(_ end: TraceEnd) {
    object { json in
      json.member("service", end.service)
      json.member("ip", end.address)
      json.member("port", end.port)
      json.member("pid", end.process)
    }
  }

  private mutating func hop(_ hop: TraceHop) {
    object { json in
      json.member("id", "\(hop.id)")
      json.member("agent_id", hop.agent)
      json.member("observation_point", hop.point)
      json.member("start_time", hop.start)
      json.member("duration", hop.duration)
    }
  }
}
