// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// By what a trace is asked for.
package enum TraceSeed: Hashable, Sendable {
  /// `_id` of any record of a call.
  case record(UInt64)
  case trace(String)
  /// An `X-Request-ID`.
  case identifier(String)
}

extension QueryService {
  /// The bounds of looking for a trace.
  enum TraceLimits {
    /// Each round asks with the keys of what the one before found.
    static let rounds = 24
    static let statements = 80
    static let records = 50_000
    /// By one statement: of what is joined by ids, and of what processes did meanwhile.
    static let recordsAnswered = 20_000
    static let recordsMeanwhile = 5_000
    static let time = Duration.seconds(30)
    /// Seconds before and after the first records; what lies outside is not looked for.
    static let reach: Int64 = 900
  }

  /// The trace that the call, or the calls, named by `seed` are part of.
  ///
  /// - Parameter time: Seconds in which ids are looked for; a record is found by its number.
  /// - Returns: Nil when there is no such call.
  package func trace(
    _ seed: TraceSeed, in time: ClosedRange<Int64>, directory: any TagDirectory
  ) async throws(QueryError) -> Trace? {
    var search = TraceSearch(service: self, directory: directory)
    guard try await search.begin([seed], in: time) else { return nil }
    while try await search.isRoundDone() {}
    return search.trace()
  }

  /// Why the call of record `id` stands below that of record `parent`, or does not.
  ///
  /// - Returns: Nil when one of them is not there.
  package func explanation(
    of id: UInt64, below parent: UInt64, directory: any TagDirectory
  ) async throws(QueryError) -> TraceExplanation? {
    var search = TraceSearch(service: self, directory: directory)
    guard try await search.begin([.record(id), .record(parent)], in: 0...0) else { return nil }
    while try await search.isRoundDone() {}
    return search.explanation(of: id, below: parent)
  }
}

/// Finds the records of one trace, round by round.
private struct TraceSearch {
  let service: QueryService
  let directory: any TagDirectory
  private var records: [UInt64: TraceRecord] = [:]
  private var seeds: Set<UInt64> = []
  /// Records whose keys were asked for, and keys that were.
  private var expanded: Set<UInt64> = []
  private var asked: Set<String> = []
  private var forest: TraceForest?
  private var reach: ClosedRange<Int64> = 0...0
  private var looked: ClosedRange<Int64> = 0...0
  private var rounds = 0
  private var statements = 0
  private let began = ContinuousClock.now
  /// Whether a statement found more than it may answer.
  private var isCut = false

  init(service: QueryService, directory: any TagDirectory) {
    self.service = service
    self.directory = directory
  }

  /// - Returns: False when there is no such call.
  mutating func begin(
    _ named: [TraceSeed], in time: ClosedRange<Int64>
  ) async throws(QueryError) -> Bool {
    for seed in named {
      let (condition, seconds): (String, ClosedRange<Int64>) =
        switch seed {
        case .record(let id): ("_id = \(id)", Int64(id >> 32)...Int64(id >> 32))
        case .trace(let text): ("trace_id = \(CallFilter.literal(text))", time)
        case .identifier(let text):
          (
            ["x_request_id_0", "x_request_id_1"].map { "\($0) = \(CallFilter.literal(text))" }
              .joined(separator: " OR "), time
          )
        }
      try await find(condition, seconds)
    }
    seeds = Set(records.keys)
    let found = records.values.map { $0.seen.second }
    guard let first = found.min(), let last = found.max() else { return false }
    reach = max(0, first - QueryService.TraceLimits.reach)...last + QueryService.TraceLimits.reach
    looked = first...last
    return true
  }

  /// Asks for what hangs on the trace as it is known.
  ///
  /// - Returns: Whether there was anything to ask for.
  mutating func isRoundDone() async throws(QueryError) -> Bool {
    guard let origin = TraceAssembly.origin(Array(records.values), seeds) else { return false }
    let forest = TraceForest(Array(records.values), origin: origin, isWhole: !isCut)
    self.forest = forest
    let calls = forest.roots(of: forest.entries(seeds)).flatMap(forest.tree)
    let fresh = calls.flatMap { forest.calls[$0.call].records }
      .filter { expanded.insert($0.id).inserted }
    guard !fresh.isEmpty, !isExhausted else { return false }
    rounds += 1
    var keys = TraceKeys()
    for record in fresh { keys.add(record, asked: &asked) }
    let seconds = window(of: fresh)
    for condition in keys.exact where !isExhausted {
      try await find(condition, seconds)
    }
    for condition in keys.meanwhile where !isExhausted {
      try await find(condition, seconds, most: QueryService.TraceLimits.recordsMeanwhile)
    }
    return true
  }

  /// Where others may have seen the same, and may have called or been called.
  private mutating func window(of fresh: [TraceRecord]) -> ClosedRange<Int64> {
    let first = fresh.map(\.start).min().map { $0 / 1_000_000 } ?? reach.lowerBound
    let last = fresh.map(\.seen.second).max() ?? reach.upperBound
    let clocks = QueryService.clockSeconds
    let from = min(max(reach.lowerBound, first - clocks), reach.upperBound)
    let seconds = from...min(max(from, last + clocks), reach.upperBound)
    looked = min(looked.lowerBound, from)...max(looked.upperBound, seconds.upperBound)
    return seconds
  }

  private var isExhausted: Bool {
    rounds >= QueryService.TraceLimits.rounds
      || statements >= QueryService.TraceLimits.statements
      || ContinuousClock.now - began >= QueryService.TraceLimits.time
      || records.count >= QueryService.TraceLimits.records
  }

  private mutating func find(
    _ condition: String, _ seconds: ClosedRange<Int64>,
    most: Int = QueryService.TraceLimits.recordsAnswered
  ) async throws(QueryError) {
    statements += 1
    let answer = try await service.run(
      "SELECT \(TraceRecord.columns) FROM flow_log.l7_flow_log "
        + "WHERE time >= \(seconds.lowerBound) AND time <= \(seconds.upperBound) "
        + "AND (\(condition)) LIMIT \(most)", directory: directory)
    let rows = answer.rows
    for record in rows.lazy.compactMap(TraceRecord.init) { records[record.id] = record }
    if rows.count >= most { isCut = true }
  }

  func trace() -> Trace? {
    guard let forest, var trace = TraceAssembly.trace(forest, seeds: seeds, seconds: looked) else {
      return nil
    }
    if isExhausted {
      trace.isCut = true
      trace.notes.append(
        "Not all was looked for: the search ended after \(records.count) records in \(rounds) rounds. "
          + "There may be more calls, and edges may be missing.")
    } else if isCut {
      trace.notes.append(
        "Its processes did more meanwhile than was looked at, so no edge is certain, and some may be "
          + "missing.")
    }
    return trace
  }

  func explanation(of id: UInt64, below parent: UInt64) -> TraceExplanation? {
    func place(_ id: UInt64) -> Int? {
      forest?.calls.firstIndex { $0.records.contains { $0.id == id } }
    }
    guard let forest, let child = place(id), let cause = place(parent) else { return nil }
    return forest.explanation(of: child, below: cause)
  }
}
