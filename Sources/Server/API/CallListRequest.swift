// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Query

/// The parameters of `GET /v1/calls`.
struct CallListRequest {
  var filter: CallFilter
  /// Seconds of a bar; nil without bars.
  var step: Int64?

  private static let known = [
    "from", "to", "last", "service", "client", "server", "protocol", "status", "slower", "resource",
    "endpoint", "trace", "port", "connection", "attribute", "tag", "own", "point", "sort", "order",
    "limit", "step",
  ]

  init(_ request: Request, protocols: [ProtocolEntry]) throws(Refusal) {
    let given = try ListParameters(request, of: "/v1/calls", known: Self.known)
    filter = try given.callFilter(protocols)
    filter.point = given.text("point").map { $0 == "all" ? "" : $0 }
    filter.sort =
      try given.choice("sort", CallFilter.Sort.allCases.map { ($0.rawValue, $0) }) ?? filter.sort
    filter.isDescending = try given.choice("order", [("asc", false), ("desc", true)]) ?? true
    filter.limit = Int(try given.number("limit", 1...Int64(ListParameters.mostRows)) ?? 300)
    step = try given.step(over: filter.time)
  }
}

extension ListParameters {
  private static let statuses = [
    "Success", "Timeout", "Server Error", "Client Error", "Unknown", "Parse Failed",
  ]

  /// What calls are asked for, by the parameters that every list of them has.
  func callFilter(_ protocols: [ProtocolEntry]) throws(Refusal) -> CallFilter {
    var filter = CallFilter(time: try time())
    filter.service = text("service")
    filter.client = text("client")
    filter.server = text("server")
    filter.protocol = try choice("protocol", protocols.map { ($0.name, $0.name) })
    let errors = ["Server Error", "Client Error"]
    filter.statuses =
      try choice("status", [("error", errors)] + Self.statuses.map { ($0, [$0]) }) ?? []
    filter.leastDuration = try number("slower", 0...1_000_000_000_000).map(UInt64.init)
    filter.resource = text("resource")
    filter.endpoint = text("endpoint")
    filter.trace = text("trace")
    filter.port = try number("port", 0...65_535).map(UInt16.init)
    filter.connection = try connection()
    for text in all("attribute") {
      guard let attribute = CallFilter.Attribute(text) else {
        throw Refusal("attribute is '\(text)'; it must be like 'kafka.topic=orders'.")
      }
      filter.attributes.append(attribute)
    }
    for text in all("tag") {
      guard let tag = CallFilter.Attribute(text) else {
        throw Refusal("tag is '\(text)'; it must be like 'host_1=web-1'.")
      }
      filter.tags.append(tag)
    }
    filter.includesOwn = try number("own", 0...1) == 1
    return filter
  }
}
