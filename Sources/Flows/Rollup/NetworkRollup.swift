// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Rolls the seconds of flows up to one row per pair and second, and those to one per pair and
/// minute, as ``Rollup`` does with calls.
///
/// A pair that is silent for a second has no row of it; one that has open flows has a row in every
/// minute, if only to say how many. Seconds are closed by their owner, in order; what comes for a
/// closed one counts in the oldest that is open.
struct NetworkRollup {
  /// Seconds that can be open at a time; what is from further ahead counts in the last of them.
  static let window = 4

  var pairs: NetworkPairs
  var seconds = Array(repeating: NetworkTable(), count: NetworkRollup.window)
  var minute = NetworkTable()
  /// The minute that `minute` is of, in seconds since the epoch.
  var minuteStart: Int64 = .min
  /// All seconds up to this one are closed; nil before the first.
  var closed: Int64?
  /// Stands in for a table that is being closed.
  let spare = NetworkTable()
  let limits: FlowTableLimits
  var tally = Tally()

  init(limits: FlowTableLimits) {
    self.limits = limits
    pairs = NetworkPairs(limit: limits.rollupPairs, seed: limits.hashSeed)
  }

  mutating func giveBack() {
    for table in seconds.indices { seconds[table].giveBack() }
    minute.giveBack()
  }

  var footprint: Int {
    seconds.reduce(minute.footprint + pairs.entries.heldBytes) { $0 + $1.footprint }
  }

  /// The second in which something of `second` can still be counted.
  mutating func open(_ second: Int64) -> Int64 {
    guard let closed else {
      self.closed = second - 2
      return second
    }
    return min(max(second, closed + 1), closed + Int64(Self.window))
  }

  /// Whether figures of `second` can still be counted.
  func isOpen(_ second: Int64) -> Bool {
    closed.map { second > $0 } ?? true
  }

  /// Makes `pair` one that a flow speaks of, until ``leave(_:second:closing:)``. Without room it is a
  /// pair of less detail; that of all others is counted, beside the figures, as `rollupTableFull`.
  mutating func join(_ pair: NetworkPair, second: Int64, isNew: Bool) -> UInt32 {
    let (place, hasServer) = pairs.find(pair)
    if !hasServer { tally.lose(.rollupTableFull) }
    pairs.hold(place)
    let (table, row) = makeRow(of: place, second: second)
    seconds[table].rows[row].joined &+= 1
    if isNew { seconds[table].rows[row].newFlows &+= 1 }
    return place
  }

  /// Ends what ``join(_:second:isNew:)`` began, with how the flow ended if it did.
  mutating func leave(_ pair: UInt32, second: Int64, closing: (type: CloseType, isTCP: Bool)?) {
    let (table, row) = makeRow(of: pair, second: second)
    seconds[table].rows[row].left &+= 1
    if let closing {
      seconds[table].rows[row].closedFlows &+= 1
      if closing.isTCP { seconds[table].rows[row].closes.count(closing.type) }
    }
    pairs.drop(pair)
  }

  /// Counts what a flow carried in one second, `client` being the direction of its client.
  mutating func add(
    _ traffic: BothWays<SecondTraffic>, client: Int, score: UInt8, pair: UInt32, second: Int64
  ) {
    let (table, row) = makeRow(of: pair, second: second)
    traffic[client].add(to: &seconds[table].rows[row].figures.sent)
    traffic[1 - client].add(to: &seconds[table].rows[row].figures.received)
    seconds[table].rows[row].updates &+= 1
    if score > seconds[table].rows[row].directionScore {
      seconds[table].rows[row].directionScore = score
    }
  }

  /// Counts what else is known of a second whose traffic was counted.
  mutating func add<Part: PartialFigures>(
    _ part: inout Part, client: Int, pair: UInt32, second: Int64
  ) {
    let (table, row) = makeRow(of: pair, second: second)
    part.add(to: &seconds[table].rows[row].figures, client: client)
  }

  private mutating func makeRow(of pair: UInt32, second: Int64) -> (table: Int, row: Int) {
    let table = Self.table(of: open(second))
    let (row, isNew) = seconds[table].row(of: pair)
    if isNew { pairs.hold(pair) }
    return (table, row)
  }

  static func table(of second: Int64) -> Int {
    let remainder = Int(second % Int64(window))
    return remainder < 0 ? remainder + window : remainder
  }

  /// Hands over what was counted since the last call.
  mutating func takeTally() -> Tally {
    defer { tally = Tally() }
    return tally
  }
}
