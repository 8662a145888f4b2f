// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Storage
internal import Telemetry

/// Finds the records of traces, round by round.
struct TraceSearch {
  /// How much is looked at.
  struct Bounds {
    /// Each round asks with the keys of what the one before found.
    var rounds = 24
    var statements = 80
    var records = 50_000
    /// By one statement: of what is joined by ids, and of what processes did meanwhile.
    var recordsAnswered = 20_000
    var recordsMeanwhile = 5_000
    var time = Duration.seconds(30)
    /// Seconds before and after the first records; what lies outside is not looked for.
    var reach: Int64 = 900
  }

  let service: QueryService
  let directory: any TagDirectory
  private let bounds: Bounds
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
  /// Whether rows are in the index.
  private var isIndexed = false
  /// Whether a statement found more than it may answer.
  private var isCut = false

  init(service: QueryService, directory: any TagDirectory, bounds: Bounds = Bounds()) {
    self.service = service
    self.directory = directory
    self.bounds = bounds
  }

  /// - Returns: False when there is no such call.
  mutating func begin(
    _ named: [TraceSeed], in time: ClosedRange<Int64>
  ) async throws(QueryError) -> Bool {
    for seed in named {
      switch seed {
      case .record(let id): try await find("_id = \(id)", Int64(id >> 32)...Int64(id >> 32))
      case .trace(let text):
        try await find(
          "trace_id = \(CallFilter.literal(text))", by: TraceKey(.trace, text), time)
      case .identifier(let text):
        try await find(
          ["x_request_id_0", "x_request_id_1"].map { "\($0) = \(CallFilter.literal(text))" }
            .joined(separator: " OR "), by: TraceKey(.identifier, text), time)
      }
    }
    return try await begin(with: Array(records.values))
  }

  /// Finds what has an id. Rows of before there was an index are not in it.
  private mutating func find(
    _ condition: String, by key: TraceKey, _ time: ClosedRange<Int64>
  ) async throws(QueryError) {
    let seconds = try await service.seconds(having: [key.hash], in: time)
    if let seconds, !seconds.isEmpty {
      try await find(condition, in: seconds)
      guard records.isEmpty else { return }
    }
    try await find(condition, time)
  }

  /// - Parameter seconds: In the order of time; not empty.
  private mutating func find(_ condition: String, in seconds: [Int64]) async throws(QueryError) {
    let list = seconds.map(String.init).joined(separator: ", ")
    try await find(
      "time IN (\(list)) AND (\(condition))", (seconds.first ?? 0)...(seconds.last ?? 0))
  }

  /// - Parameter found: Records of the traces that are wanted.
  /// - Returns: False when there are none.
  mutating func begin(with found: [TraceRecord]) async throws(QueryError) -> Bool {
    for record in found { records[record.id] = record }
    seeds = Set(records.keys)
    let seconds = found.map { $0.seen.second }
    guard let first = seconds.min(), let last = seconds.max() else { return false }
    reach = max(0, first - bounds.reach)...last + bounds.reach
    looked = first...last
    // Where the oldest of them is in the index, so is what comes behind it.
    guard let oldest = found.min(by: { $0.id < $1.id }) else { return false }
    let second = oldest.seen.second
    let hashes = TraceKeys.hashes(of: oldest)
    isIndexed = try await service.seconds(having: hashes, in: second...second) == [second]
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
    try await findExact(keys, seconds)
    for condition in keys.byBroker where !isExhausted {
      looked = min(looked.lowerBound, reach.lowerBound)...max(looked.upperBound, reach.upperBound)
      try await find(condition, reach, most: bounds.recordsMeanwhile)
    }
    for condition in keys.meanwhile where !isExhausted {
      try await find(condition, seconds, most: bounds.recordsMeanwhile)
    }
    return true
  }

  /// What is joined by ids and numbers: in the seconds that the index names, or in all.
  private mutating func findExact(
    _ keys: TraceKeys, _ range: ClosedRange<Int64>
  ) async throws(QueryError) {
    guard isIndexed, let seconds = try await service.seconds(having: keys.hashes, in: range) else {
      for condition in keys.exact where !isExhausted { try await find(condition, range) }
      return
    }
    for condition in seconds.isEmpty ? [] : keys.exact where !isExhausted {
      try await find(condition, in: seconds)
    }
    for condition in keys.besidesIndex where !isExhausted { try await find(condition, range) }
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

  /// Whether the search ended before all was looked for.
  var isExhausted: Bool {
    rounds >= bounds.rounds
      || statements >= bounds.statements
      || ContinuousClock.now - began >= bounds.time
      || records.count >= bounds.records
  }

  private mutating func find(
    _ condition: String, _ seconds: ClosedRange<Int64>, most: Int? = nil
  ) async throws(QueryError) {
    let most = most ?? bounds.recordsAnswered
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

  /// Every trace that one of the records is of, each once.
  func traces() -> [Trace] {
    guard let forest else { return [] }
    var known: Set<Int> = []
    var found: [Trace] = []
    for entry in forest.entries(seeds) where !known.contains(forest.root(of: entry)) {
      let roots = forest.roots(of: [entry])
      known.formUnion(roots)
      found.append(TraceAssembly.trace(forest, roots: roots, entry: entry, seconds: looked))
    }
    return found
  }

  func explanation(of id: UInt64, below parent: UInt64) -> TraceExplanation? {
    func place(_ id: UInt64) -> Int? {
      forest?.calls.firstIndex { $0.records.contains { $0.id == id } }
    }
    guard let forest, let child = place(id), let cause = place(parent) else { return nil }
    return forest.explanation(of: child, below: cause)
  }
}
