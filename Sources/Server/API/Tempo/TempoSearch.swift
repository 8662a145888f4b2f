// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Query

/// `GET /tempo/api/search`: traces by TraceQL (`q`), or by `tags` and durations.
struct TempoSearch {
  let runner: QueryRunner
  let catalog: Catalog

  /// Seconds looked back over when nobody says how far.
  static let usualSeconds: Int64 = 3_600

  func add(to routes: inout APIRoutes) {
    routes.get("tempo/api/search") { request, context throws(Refusal) in
      let given = TempoParameters(request)
      let filter = try Self.filter(given)
      let spans = Int(try given.number("spss", 1...1_000) ?? 3)
      return try await runner.answer(context) { service throws(Refusal) in
        try await answer(filter, spans, service)
      }
    }
  }

  private static func filter(_ given: TempoParameters) throws(Refusal) -> TraceFilter {
    var filter = TraceFilter(calls: CallFilter(time: try given.time(usual: usualSeconds)))
    let tags = try given.text("tags").map(TempoParameters.tags) ?? []
    if let text = given.text("q") {
      do throws(QueryError) {
        filter.query = try TraceQLParser.parse(text)
      } catch {
        throw Refusal(error)
      }
    } else {
      filter.query = .oneSpan(
        service: tags.first { $0.name == "service.name" }?.value,
        tags: tags.filter { $0.name != "service.name" })
    }
    let (least, most) = (try given.duration("minDuration"), try given.duration("maxDuration"))
    if least != nil || most != nil {
      guard least ?? 0 <= most ?? .max else {
        throw Refusal("minDuration is more than maxDuration.")
      }
      filter.duration = (least ?? 0)...(most ?? .max)
    }
    filter.limit = Int(try given.number("limit", 1...TraceListRequest.mostTraces) ?? 20)
    return filter
  }

  private func answer(
    _ filter: TraceFilter, _ spans: Int, _ service: QueryService
  ) async throws(Refusal) -> JSONText {
    do throws(QueryError) {
      let found = try await service.traces(filter, directory: catalog.snapshot)
      var json = JSONText()
      json.object { json in
        json.member("traces") { json in
          json.array(found.traces) { $0.tempoTrace($1, filter.query, spans) }
        }
        json.member("metrics") { json in
          json.object { $0.member("inspectedTraces", found.traces.count) }
        }
      }
      return json
    } catch {
      throw Refusal(error)
    }
  }
}

extension JSONText {
  /// - Parameter spans: How many of those that were found are told.
  fileprivate mutating func tempoTrace(
    _ found: FoundTrace, _ query: TraceQLQuery?, _ spans: Int
  ) {
    guard let tree = found.spans else { return raw("{}") }
    object { json in
      json.member("traceID", tree.id)
      json.member("rootServiceName", tree.root?.service ?? "")
      json.member("rootTraceName", tree.root?.name ?? "")
      json.member("startTimeUnixNano", "\(UInt64(clamping: tree.start))000")
      json.member("durationMs", (tree.end - tree.start) / 1_000)
      // The one set under both names: clients of before there were several look for the first.
      json.member("spanSet") { $0.spanSet(found, tree, query, spans) }
      json.member("spanSets") {
        $0.array([0]) { json, _ in json.spanSet(found, tree, query, spans) }
      }
      json.member("serviceStats") { json in
        json.object { json in
          for (name, spans) in Dictionary(grouping: tree.spans, by: \.service)
            .sorted(by: { $0.key < $1.key })
          {
            json.entry(name) { json in
              json.object { json in
                json.member("spanCount", spans.count)
                json.member("errorCount", spans.count { $0.status == .error })
              }
            }
          }
        }
      }
    }
  }

  private mutating func spanSet(
    _ found: FoundTrace, _ tree: SpanTree, _ query: TraceQLQuery?, _ most: Int
  ) {
    object { json in
      json.member("spans") { json in
        json.array(found.matchingSpans.prefix(most)) { json, place in
          let span = tree.spans[place]
          json.object { json in
            json.member("spanID", span.id)
            json.member("name", span.name)
            json.member("startTimeUnixNano", "\(span.nanoseconds.start)")
            json.member("durationNanos", "\(span.nanoseconds.end - span.nanoseconds.start)")
            json.member("attributes") { json in
              json.array(query?.shown(place, of: tree) ?? []) { $0.attribute($1) }
            }
          }
        }
      }
      json.member("matched", found.matchingSpans.count)
    }
  }
}
