// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query
import Telemetry

/// `GET /v1/flows`: flows, one row each: their records are joined before they are filtered.
struct FlowRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("v1/flows") { request, context throws(Refusal) in
      let list = try FlowListRequest(request)
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(list, service)
      }
    }
  }

  private func answer(
    _ request: FlowListRequest, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    let directory = catalog.snapshot
    do throws(QueryError) {
      let page = try await service.flows(request.filter, directory: directory)
      var bars: [FlowBar]?
      if let step = request.step {
        bars = try await service.flowBars(request.filter, step: step, directory: directory)
      }
      let losses = await service.missing(from: page.answer)
      return JSONText(page, losses: losses, bars: bars) { $0.bar($1) }
    } catch {
      throw Refusal(error)
    }
  }
}

extension JSONText {
  fileprivate mutating func bar(_ bar: FlowBar) {
    object { json in
      json.member("time", bar.time)
      json.member("close_type", bar.closeType)
      json.member("transport", bar.transport)
      json.member("flows", bar.flows)
    }
  }
}

/// The parameters of `GET /v1/flows`.
struct FlowListRequest {
  var filter: FlowFilter
  /// Seconds of a bar; nil without bars.
  var step: Int64?

  private static let known = [
    "from", "to", "last", "service", "client", "server", "address", "port", "transport", "end",
    "slower", "flow", "connection", "own", "point", "sort", "order", "limit", "step",
  ]

  init(_ request: Request) throws(Refusal) {
    let given = try ListParameters(request, of: "/v1/flows", known: Self.known)
    filter = FlowFilter(time: try given.time())
    filter.service = given.text("service")
    filter.client = given.text("client")
    filter.server = given.text("server")
    if let text = given.text("address") {
      guard let address = IPAddress(text) else {
        throw Refusal("address is '\(text)'; it must be an IPv4 or IPv6 address.")
      }
      filter.address = address.description
    }
    filter.port = try given.number("port", 0...65_535).map(UInt16.init)
    let transports = TagDeclaration.builtIn.first { $0.name == "protocol" }?.values ?? []
    filter.transport = try given.choice("transport", transports.map { ($0.name, $0.name) })
    if let text = given.text("end") {
      filter.ending =
        text == "failed" ? .failed : try given.number("end", 0...255).map { .type(UInt8($0)) }
    }
    filter.leastRoundTrip = try given.number("slower", 0...1_000_000_000_000).map(UInt64.init)
    if let text = given.text("flow") {
      guard let flow = UInt64(text) else {
        throw Refusal("flow is '\(text)'; it must be a flow_id.")
      }
      filter.flow = flow
    }
    filter.connection = try given.connection()
    filter.includesOwn = try given.number("own", 0...1) == 1
    filter.point = given.text("point").map { $0 == "all" ? "" : $0 }
    filter.sort = try given.choice("sort", FlowFilter.sorts.map { ($0, $0) }) ?? filter.sort
    filter.isDescending = try given.choice("order", [("asc", false), ("desc", true)]) ?? true
    filter.limit = Int(try given.number("limit", 1...Int64(ListParameters.mostRows)) ?? 300)
    step = try given.step(over: filter.time)
  }
}
