// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query
import Telemetry

/// `POST /v1/figures`: sums, means and percentiles over a range, each thing counted once. `GET
/// /v1/interval`: how fine the figures of a range are.
struct FigureRoutes {
  let runner: QueryRunner
  let catalog: Catalog
  let kept: RetentionHours

  func add(to routes: inout APIRoutes) {
    routes.post("v1/figures") { request, context throws(Refusal) in
      let body: FigureBody = try await request.jsonBody(
        "Send JSON with `table`, `columns` and `by`; docs/api.md describes them.")
      let figures = try body.request()
      let range = try body.range(kept)
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(figures, range, service)
      }
    }
    routes.get("v1/interval") { request, _ throws(Refusal) in
      let given = request.uri.queryParameters
      func number(_ name: String) throws(Refusal) -> Int64? {
        guard let text = given[name[...]] else { return nil }
        guard let number = Int64(text) else {
          throw Refusal("\(name) is '\(text.prefix(40))'; it must be a number of seconds.")
        }
        return number
      }
      let range = try FigureBody.range(number("from"), number("to"), number("last"), kept)
      var json = JSONText()
      json.object { json in
        json.member("interval", range.precision.rawValue)
        json.member("seconds", range.precision.seconds)
      }
      return json.response()
    }
  }

  private func answer(
    _ request: FigureRequest, _ range: FigureRange, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    do throws(QueryError) {
      let page = try await service.figures(request, in: range, directory: catalog.snapshot)
      let losses = await service.missing(from: page.answer)
      var json = JSONText()
      json.object { json in
        json.answer(page.answer, losses: losses)
        json.member("interval", range.precision.rawValue)
        if let from = page.percentilesFrom { json.member("percentiles_from", from) }
      }
      return json
    } catch {
      throw Refusal(error)
    }
  }
}

/// The body of `POST /v1/figures`.
struct FigureBody: Decodable {
  struct Column: Decodable {
    var name: String
    var sql: String?
    var weight: String?
  }

  struct Speaker: Decodable {
    var end: String
    var weight: String
    var of: [String]
  }

  var table: String
  var columns: [Column]
  var by: String?
  var `where`: String?
  var order: String?
  var limit: Int?
  var from: Int64?
  var to: Int64?
  var last: Int64?
  var percentiles: [Int]?
  var speaker: Speaker?
  var echoes: Bool?

  /// Rows of one answer.
  private static let mostRows = 100_000

  func request() throws(Refusal) -> FigureRequest {
    guard (1...100).contains(columns.count) else {
      throw Refusal("columns has \(columns.count) entries; it must have from 1 to 100.")
    }
    var request = FigureRequest(
      table: table,
      columns: columns.map { .init($0.name, $0.sql ?? $0.name, weight: $0.weight) },
      grouping: by ?? "")
    request.condition = `where` ?? ""
    request.order = order ?? ""
    request.limit = limit ?? request.limit
    guard (1...Self.mostRows).contains(request.limit) else {
      throw Refusal("limit is \(request.limit); it must be from 1 to \(Self.mostRows).")
    }
    request.percentiles = percentiles ?? []
    guard request.percentiles.allSatisfy({ (1...99).contains($0) }), request.percentiles.count <= 9
    else { throw Refusal("percentiles must be whole numbers from 1 to 99.") }
    request.hasEchoes = echoes ?? true
    if let speaker {
      guard let end = FigureRequest.Speaker.End(rawValue: speaker.end) else {
        throw Refusal("speaker.end is '\(speaker.end.prefix(40))'; it must be client or server.")
      }
      request.speaker = .init(end: end, weight: speaker.weight, things: speaker.of)
    }
    return request
  }

  func range(_ kept: RetentionHours) throws(Refusal) -> FigureRange {
    try Self.range(from, to, last, kept)
  }

  /// The same parameters as those of `GET /v1/calls`.
  static func range(
    _ from: Int64?, _ to: Int64?, _ last: Int64?, _ kept: RetentionHours
  ) throws(Refusal) -> FigureRange {
    let now = wallClock() / 1_000_000_000
    let seconds: ClosedRange<Int64> = 0...4_294_967_295
    let to = to ?? now
    let first = from ?? max(0, to - (last ?? 900))
    guard seconds.contains(first), seconds.contains(to) else {
      throw Refusal("from, to and last must be seconds from 0 to \(seconds.upperBound).")
    }
    guard first <= to else { throw Refusal("from (\(first)) is later than to (\(to)).") }
    return FigureRange(first...to, now: now, kept: kept)
  }
}
