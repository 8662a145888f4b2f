// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Query
import Storage

/// `POST /v1/query/`: one SQL statement, its rows, and what was lost in their time range.
struct QueryRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.post("v1/query") { request, context throws(Refusal) in
      let query = try await QueryRequest(request)
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(query, service)
      }
    }
  }

  private func answer(
    _ request: QueryRequest, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    let precision = try precision(request)
    let bounds = try bounds(request)
    do throws(QueryError) {
      let answer = try await service.run(
        request.sql, now: wallClock() / 1_000_000_000, database: request.db ?? "",
        precision: precision, bounds: bounds, directory: catalog.snapshot)
      let losses = await service.missing(from: answer)
      var json = JSONText()
      json.object { json in
        json.answer(answer, losses: losses)
        json.member("added") { json in
          json.object { json in
            json.member("range") { $0.bool(answer.added.hasRange) }
            json.member("without_own") { $0.bool(answer.added.leavesOwnOut) }
          }
        }
      }
      return json
    } catch {
      throw Refusal(error)
    }
  }

  private func bounds(_ request: QueryRequest) throws(Refusal) -> RequestBounds {
    var bounds = RequestBounds(leavesOwnOut: request.own == 0)
    guard request.from != nil || request.to != nil else { return bounds }
    let (from, to) = (request.from ?? 0, request.to ?? wallClock() / 1_000_000_000)
    guard ListParameters.seconds.contains(from), ListParameters.seconds.contains(to), from <= to
    else {
      throw Refusal(
        "from and to must be seconds from 0 to \(ListParameters.seconds.upperBound), from not later "
          + "than to.")
    }
    bounds.time = from...to
    return bounds
  }

  /// Nil for whichever fits the range.
  private func precision(_ request: QueryRequest) throws(Refusal) -> TableScope.Precision? {
    guard let text = request.precision, !text.isEmpty else { return .minute }
    if text == "auto" { return nil }
    guard let precision = TableScope.Precision(rawValue: text) else {
      let known = TableScope.Precision.allCases.map(\.rawValue).joined(separator: ", ")
      throw Refusal("data_precision is '\(text)'; it must be \(known) or auto.")
    }
    return precision
  }
}

extension QueryService {
  /// What is missing from an answer. That it cannot be told does not take the answer away.
  func missing(from answer: Answer) async -> Result<[LossSummary], QueryError> {
    do throws(QueryError) {
      return .success(try await losses(in: answer.range))
    } catch {
      return .failure(error)
    }
  }
}

extension JSONText {
  /// The members of an answer, and what is missing from it.
  mutating func answer(_ answer: Answer, losses: Result<[LossSummary], QueryError>) {
    member("OPT_STATUS", "SUCCESS")
    member("DESCRIPTION", "")
    member("result") { $0.object { $0.members(answer) } }
    self.losses(losses)
    guard let range = answer.range else { return }
    member("range") { json in
      json.object { json in
        json.member("first", range.first)
        json.member("last", range.last)
      }
    }
  }

  /// What is missing from an answer.
  mutating func losses(_ losses: Result<[LossSummary], QueryError>) {
    member("losses") { json in
      json.array((try? losses.get()) ?? []) { json, loss in
        json.object { json in
          json.member("stage", loss.stage)
          json.member("reason", loss.reason)
          json.member("dropped", loss.dropped)
        }
      }
    }
    if case .failure(let error) = losses { member("losses_unknown", error.description) }
  }

  mutating func members(_ answer: Answer) {
    member("columns") { $0.array(answer.columns) { $0.string($1.name) } }
    member("values") { json in
      switch answer.content {
      case .rows(let rows): json.array(rows) { json, row in json.array(row) { $0.value($1) } }
      case .table(let table):
        json.array(0..<table.count) { json, row in
          json.array(table.values) { $0.value($1, row) }
        }
      }
    }
    member("schemas") { json in
      json.array(answer.columns) { json, column in
        json.object { json in
          json.member("type", "\(column.type)")
          json.member("unit", column.unit)
          json.member("label_type", column.label.rawValue)
        }
      }
    }
  }
}

extension Refusal {
  init(_ error: QueryError) {
    let status: HTTPResponse.Status = error.kind == .backend ? .serviceUnavailable : .badRequest
    self.init(error.description, code: error.kind.rawValue.uppercased(), status: status)
    suggestions = error.suggestions
    line = error.place?.line
    column = error.place?.column
  }
}
