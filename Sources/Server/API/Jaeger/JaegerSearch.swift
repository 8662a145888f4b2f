// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Hummingbird
import Query

/// `GET /jaeger/api/traces`: traces with a span of a service that has all that is asked for.
struct JaegerSearch {
  private var filter: TraceFilter
  /// Those that are wanted by their ids.
  private var ids: [String]

  /// Ids that are looked up at once.
  private static let mostIDs = 50

  init(_ request: Request) throws(Refusal) {
    let given = TempoParameters(request)
    let now = wallClock() / 1_000
    let most: Int64 = 4_294_967_295_000_000
    let end = try given.number("end", 0...most) ?? now
    let start = try given.number("start", 0...most) ?? max(0, end - 3_600_000_000)
    guard start <= end else { throw Refusal("start (\(start)) is later than end (\(end)).") }
    filter = TraceFilter(calls: CallFilter(time: start / 1_000_000...end / 1_000_000))
    let all = request.uri.queryParameters
    ids = all.filter { $0.key == "traceID" }.prefix(Self.mostIDs).map { String($0.value) }
    var tags = try all.filter { $0.key == "tag" }.map { _, value throws(Refusal) in
      guard let sign = value.firstIndex(of: ":"), sign > value.startIndex else {
        throw Refusal("tag is '\(value)'; it must be like http.request.method:GET.")
      }
      return (name: String(value[..<sign]), value: String(value[value.index(after: sign)...]))
    }
    if let text = given.text("tags") { tags += try Self.tags(text) }
    let (least, longest) = (try given.duration("minDuration"), try given.duration("maxDuration"))
    guard least ?? 0 <= longest ?? .max else {
      throw Refusal("minDuration is more than maxDuration.")
    }
    filter.query = .oneSpan(
      service: given.text("service"), name: given.text("operation"), tags: tags,
      duration: least == nil && longest == nil ? nil : (least ?? 0)...(longest ?? .max))
    filter.limit = Int(try given.number("limit", 1...TraceListRequest.mostTraces) ?? 20)
  }

  /// `{"http.request.method":"GET"}`.
  private static func tags(_ text: String) throws(Refusal) -> [(name: String, value: String)] {
    guard let tags = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)) else {
      throw Refusal("tags is '\(text.prefix(200))'; it must be an object of JSON with texts.")
    }
    return tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func answer(
    _ service: QueryService, _ directory: any TagDirectory
  ) async throws(Refusal) -> JSONText {
    var trees: [SpanTree] = []
    guard ids.isEmpty else {
      for id in ids {
        do throws(Refusal) {
          trees.append(try await service.tree(id, 0...(wallClock() / 1_000_000_000), directory))
        } catch {
          guard error.status == .notFound else { throw error }
        }
      }
      return JSONText(jaeger: trees) { $0.jaegerTrace($1) }
    }
    do throws(QueryError) {
      trees = try await service.traces(filter, directory: directory).traces.compactMap(\.spans)
    } catch {
      throw Refusal(error)
    }
    return JSONText(jaeger: trees) { $0.jaegerTrace($1) }
  }
}
