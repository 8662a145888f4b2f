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
    "endpoint", "trace", "port", "connection", "attribute", "own", "point", "sort", "order",
    "limit", "step",
  ]
  private static let statuses = [
    "Success", "Timeout", "Server Error", "Client Error", "Unknown", "Parse Failed",
  ]
  /// Most calls answered at once, as `metaflow calls` may ask for.
  private static let mostCalls = 10_000
  /// Most intervals with bars.
  private static let mostBars: Int64 = 2_000

  init(_ request: Request, protocols: [ProtocolEntry]) throws(Refusal) {
    let given = request.uri.queryParameters
    for (name, _) in given where !Self.known.contains(String(name)) {
      throw Refusal(
        "'\(name)' is no parameter of /v1/calls; it takes \(Self.known.joined(separator: ", ")).")
    }
    func text(_ name: String) -> String? {
      guard let value = given[name[...]], !value.isEmpty else { return nil }
      return String(value)
    }
    func number(_ name: String, _ range: ClosedRange<Int64>) throws(Refusal) -> Int64? {
      guard let text = text(name) else { return nil }
      guard let number = Int64(text), range.contains(number) else {
        throw Refusal(
          "\(name) is '\(text)'; it must be a whole number from \(range.lowerBound) to "
            + "\(range.upperBound).")
      }
      return number
    }
    func choice<Value>(_ name: String, _ choices: [(String, Value)]) throws(Refusal) -> Value? {
      guard let text = text(name) else { return nil }
      let found = choices.first { $0.0.lowercased() == text.lowercased() }
      guard let found else {
        let all = choices.map(\.0).joined(separator: ", ")
        throw Refusal("\(name) is '\(text)'; it must be one of \(all).")
      }
      return found.1
    }
    let seconds: ClosedRange<Int64> = 0...4_294_967_295
    let now = wallClock() / 1_000_000_000
    let last = try number("last", 1...seconds.upperBound) ?? 900
    let to = try number("to", seconds) ?? now
    let from = try number("from", seconds) ?? max(0, to - last)
    guard from <= to else { throw Refusal("from (\(from)) is later than to (\(to)).") }
    filter = CallFilter(time: from...to)
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
    if let ends = text("connection") {
      guard let connection = CallFilter.Connection(ends) else {
        throw Refusal("connection is '\(ends)'; it must be like '10.0.0.1 40000 10.0.0.2 80'.")
      }
      filter.connection = connection
    }
    for (name, value) in given where name == "attribute" && !value.isEmpty {
      guard let attribute = CallFilter.Attribute(String(value)) else {
        throw Refusal("attribute is '\(value)'; it must be like 'kafka.topic=orders'.")
      }
      filter.attributes.append(attribute)
    }
    filter.includesOwn = try number("own", 0...1) == 1
    filter.point = text("point").map { $0 == "all" ? "" : $0 }
    filter.sort =
      try choice("sort", CallFilter.Sort.allCases.map { ($0.rawValue, $0) }) ?? filter.sort
    filter.isDescending = try choice("order", [("asc", false), ("desc", true)]) ?? true
    filter.limit = Int(try number("limit", 1...Int64(Self.mostCalls)) ?? 300)
    step = try number("step", 1...seconds.upperBound)
    if let step, (to - from) / step > Self.mostBars {
      throw Refusal("step is \(step); over \(to - from) seconds that is too many bars.")
    }
  }
}
