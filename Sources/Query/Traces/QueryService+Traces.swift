// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

extension QueryService {
  /// The bounds of a search over traces.
  private enum TraceListLimits {
    /// Records that pass, of which the traces are looked for.
    static let records = 200...5_000
    /// Records whose traces are put together at once.
    static let together = 30...300
    static let time = Duration.seconds(20)
    /// Records that are looked at for one trace, at first.
    static let recordsForOne = 20
  }

  /// The traces that `filter` names, each put together.
  ///
  /// A record that passes is one of a trace that is wanted where it is the one nearest to the client. So
  /// records are taken in the order wanted, some at once, until they make enough traces.
  package func traces(
    _ filter: TraceFilter, directory: any TagDirectory
  ) async throws(QueryError) -> FoundTraces {
    let began = ContinuousClock.now
    var list = TraceList(filter: filter)
    var wanted = min(
      max(filter.limit * TraceListLimits.recordsForOne, TraceListLimits.records.lowerBound),
      TraceListLimits.records.upperBound)
    let together = min(
      max(filter.limit * 3, TraceListLimits.together.lowerBound),
      TraceListLimits.together.upperBound)
    while true {
      let answer = try await run(filter.statement(records: wanted), directory: directory)
      let records = answer.rows.compactMap(TraceRecord.init)
      list.hasMore = records.count >= wanted
      list.take(records)
      while let part = list.next(together), ContinuousClock.now - began < TraceListLimits.time {
        var search = TraceSearch(service: self, directory: directory, bounds: .list)
        guard try await search.begin(with: part) else { break }
        while try await search.isRoundDone() {}
        let traces = search.traces()
        let trees =
          filter.query == nil ? [] : try await spans(of: traces, directory: directory)
        list.add(traces, trees, of: part, isExhausted: search.isExhausted)
      }
      let isLate = ContinuousClock.now - began >= TraceListLimits.time
      guard !list.isFull, list.hasMore, !isLate, wanted < TraceListLimits.records.upperBound
      else { return list.found(isLate: isLate) }
      wanted = min(wanted * 5, TraceListLimits.records.upperBound)
    }
  }
}

extension TraceSearch.Bounds {
  /// Of several traces at once, of which the outline is told.
  fileprivate static let list = Self(
    rounds: 12, statements: 120, recordsMeanwhile: 20_000, time: .seconds(10))
}

extension TraceFilter {
  /// Records that pass, in the order wanted.
  fileprivate func statement(records: Int) -> String {
    let order = sort == .time ? "time DESC, start_time DESC" : "response_duration DESC, time DESC"
    let besides = (query?.necessary).map { " AND \($0)" } ?? ""
    return "SELECT \(TraceRecord.columns) FROM flow_log.l7_flow_log "
      + "WHERE \(calls.conditions)\(besides) "
      + "ORDER BY \(order) LIMIT \(records)"
  }
}

/// The traces that records which pass are of, while they are looked for.
struct TraceList {
  let filter: TraceFilter
  /// Whether more records pass than were taken.
  var hasMore = false
  private var waiting: [TraceRecord] = []
  /// Records whose trace is known.
  private var known: Set<UInt64> = []
  /// The place of each record in the order wanted.
  private var ranks: [UInt64: Int] = [:]
  private var all: [(rank: Int, found: FoundTrace)] = []
  private var isExhausted = false

  init(filter: TraceFilter) { self.filter = filter }

  /// Whether there is one more than wanted.
  var isFull: Bool { all.count > filter.limit }

  /// - Parameter records: In the order wanted, with those that were taken before.
  mutating func take(_ records: [TraceRecord]) {
    for record in records where ranks[record.id] == nil { ranks[record.id] = ranks.count }
    waiting = records.filter { !known.contains($0.id) }
  }

  /// The next records whose traces are not known; nil when there are none, or traces enough.
  mutating func next(_ count: Int) -> [TraceRecord]? {
    waiting.removeAll { known.contains($0.id) }
    guard !waiting.isEmpty, !isFull else { return nil }
    return Array(waiting.prefix(count))
  }

  /// - Parameters:
  ///   - trees: Each trace in spans, where there is a query.
  ///   - part: The records that the traces were put together from.
  mutating func add(
    _ traces: [Trace], _ trees: [SpanTree], of part: [TraceRecord], isExhausted: Bool
  ) {
    let passed = Set(part.map(\.id))
    known.formUnion(passed)
    if isExhausted { self.isExhausted = true }
    for (index, trace) in traces.enumerated() {
      var found = FoundTrace(
        trace: trace, matches: trace.calls.indices.filter { ranks[trace.calls[$0].id] != nil })
      var rank = found.matches.compactMap { ranks[trace.calls[$0].id] }.min()
      if let query = filter.query {
        found.spans = trees[index]
        found.matchingSpans = query.matches(in: trees[index])
        let any = trace.calls.flatMap { $0.hops.compactMap { ranks[$0.id] } }.min()
        rank = found.matchingSpans.isEmpty ? nil : any
      }
      let isKnown = trace.calls.contains { call in
        call.hops.contains { known.contains($0.id) && !passed.contains($0.id) }
      }
      for call in trace.calls { known.formUnion(call.hops.map(\.id)) }
      let fits = filter.duration?.contains(trace.duration) ?? true
      guard fits, !isKnown, let rank else { continue }
      all.append((rank, found))
    }
  }

  /// - Parameter isLate: Whether the search ended because it took too long.
  func found(isLate: Bool) -> FoundTraces {
    var result = FoundTraces()
    result.traces = all.sorted { $0.rank < $1.rank }.prefix(filter.limit).map(\.found)
    result.isCut = isFull || hasMore || isLate
    if !isFull, hasMore || isLate {
      result.notes.append(
        "Not all calls that pass were looked at; narrow the time range or the filter to see more.")
    }
    if isExhausted {
      result.notes.append(
        "There was more around these calls than was looked at: traces may have calls, or calls above "
          + "their first one, that are not told. `metaflow trace ID` looks further.")
    }
    return result
  }
}
