// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is over is written.
extension NetworkRollup {
  /// Writes the seconds up to `through`, and the minute when its last second is among them. False when
  /// the batch has no room for all of them: take it, and call again.
  mutating func close(through: Int64, into batch: inout RecordBatch) -> Bool {
    guard let last = closed else {
      closed = through
      return true
    }
    guard through > last else { return true }
    // All that is open lies in the window behind the last one closed.
    for second in (last + 1)...min(through, last + Int64(Self.window)) {
      guard hasRoom(in: batch) else { return false }
      closeSecond(second, into: &batch)
      closed = second
    }
    guard hasRoom(in: batch) else { return false }
    closed = through
    closeMinutes(before: through + 1, into: &batch)
    return true
  }

  /// Writes everything, over or not, and begins anew. All flows must have left. False when the batch
  /// has no room for all: take it, and call again.
  mutating func finish(into batch: inout RecordBatch) -> Bool {
    if let last = closed, !close(through: last + Int64(Self.window), into: &batch) { return false }
    guard hasRoom(in: batch) else { return false }
    if minuteStart != .min { closeMinute(into: &batch) }
    minuteStart = .min
    closed = nil
    return true
  }

  /// Whether the batch has room for the rows of a second and of its minute; an empty one has to do.
  private func hasRoom(in batch: borrowing RecordBatch) -> Bool {
    let count = batch.networkMetrics.count
    return limits.flowsAtOnce == nil || count == 0
      || count + 2 * pairs.count <= limits.batchNetworkMetrics
  }

  private mutating func closeSecond(_ second: Int64, into batch: inout RecordBatch) {
    let number = Self.table(of: second)
    guard !seconds[number].isEmpty else { return }
    closeMinutes(before: second, into: &batch)
    if minuteStart == .min { minuteStart = second.minuteStart }
    var table = spare
    swap(&table, &seconds[number])
    for row in table.rows.indices { closeRow(&table.rows[row]) }
    write(&table, time: second, interval: 1, into: &batch)
    table.removeAll()
    swap(&table, &seconds[number])
  }

  /// Writes the minutes that end at or before `second`; of those in which nothing happened the last
  /// hour's, as nothing stays open longer, but time may go on by years.
  private mutating func closeMinutes(before second: Int64, into batch: inout RecordBatch) {
    while minuteStart != .min && second >= minuteStart + 60 {
      closeMinute(into: &batch)
      let next = max(minuteStart + 60, second.minuteStart - Self.silentSeconds)
      minuteStart = hasLoad ? next : .min
    }
  }

  private static var silentSeconds: Int64 { 3_600 }

  private var hasLoad: Bool { pairs.entries.contains { $0.holds > 0 && $0.load > 0 } }

  /// Settles how many flows were open, and adds the row to its minute's.
  private mutating func closeRow(_ row: inout NetworkTable.Row) {
    let place = Int(row.pair)
    row.load = pairs.entries[place].load &+ row.joined
    pairs.entries[place].load = row.load > row.left ? row.load - row.left : 0
    let (sum, isNew) = minute.row(of: row.pair)
    if isNew { pairs.hold(row.pair) }
    minute.rows[sum].joined &+= row.joined
    minute.rows[sum].updates &+= row.updates
    minute.rows[sum].newFlows &+= row.newFlows
    minute.rows[sum].closedFlows &+= row.closedFlows
    if row.updates > 0 { minute.rows[sum].figures.add(row.figures) }
    if row.closedFlows > 0 { minute.rows[sum].closes.add(row.closes) }
    minute.rows[sum].directionScore = max(minute.rows[sum].directionScore, row.directionScore)
  }

  private mutating func closeMinute(into batch: inout RecordBatch) {
    var table = spare
    swap(&table, &minute)
    for row in table.rows.indices {
      let pair = Int(table.rows[row].pair)
      table.rows[row].load = pairs.entries[pair].minuteLoad &+ table.rows[row].joined
    }
    for place in pairs.entries.indices where pairs.entries[place].holds > 0 {
      let load = pairs.entries[place].minuteLoad
      if load > 0 && !table.hasRow(of: UInt32(place)) {
        var silent = NetworkTable.Row(pair: UInt32(place))
        silent.load = load
        append(silent, time: minuteStart, interval: 60, into: &batch)
      }
      pairs.entries[place].minuteLoad = pairs.entries[place].load
    }
    write(&table, time: minuteStart, interval: 60, into: &batch)
    table.removeAll()
    // It is needed again in a minute.
    if table.footprint > 1 << 20 { table = spare }
    swap(&table, &minute)
  }

  private mutating func write(
    _ table: inout NetworkTable, time: Int64, interval: UInt32, into batch: inout RecordBatch
  ) {
    for index in table.rows.indices {
      append(table.rows[index], time: time, interval: interval, into: &batch)
      pairs.drop(table.rows[index].pair)
    }
  }

  private mutating func append(
    _ row: NetworkTable.Row, time: Int64, interval: UInt32, into batch: inout RecordBatch
  ) {
    guard batch.networkMetrics.count < limits.batchNetworkMetrics else {
      return tally.lose(.batchFull, count: row.updates)
    }
    batch.networkMetrics.append(
      NetworkMetric(
        row, of: pairs.entries[Int(row.pair)].pair, time: time, interval: interval))
    tally.pass(row.updates)
  }
}

extension Int64 {
  /// Of a second since the epoch: the minute that it lies in.
  fileprivate var minuteStart: Int64 {
    let remainder = self % 60
    return self - (remainder < 0 ? remainder + 60 : remainder)
  }
}

extension NetworkMetric {
  fileprivate init(_ row: NetworkTable.Row, of pair: NetworkPair, time: Int64, interval: UInt32) {
    self.init(
      time: Timestamp(seconds: time), interval: interval, observationPoint: pair.observationPoint,
      transport: pair.transport, client: CallEnd(address: pair.client, port: 0),
      server: CallEnd(address: pair.server, port: pair.serverPort))
    tunnelType = pair.tunnelType
    directionScore = row.directionScore
    figures = row.figures
    newFlows = row.newFlows
    closedFlows = row.closedFlows
    flowLoad = row.load
    closes = row.closes
  }
}
