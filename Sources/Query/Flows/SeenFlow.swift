// SPDX-License-Identifier: Apache-2.0

internal import Storage
internal import Telemetry

/// What tells the record of a flow from those of other flows, at whatever point it was made.
struct SeenFlow: Hashable, Sendable {
  /// What all records of one flow, or of its report of one minute, have in common.
  struct Key: Hashable, Sendable {
    /// Addresses and ports of both ends.
    var ends: [Value]
    var transport: UInt64
    /// Of the SYN; 0 where there was none, or it was not seen.
    var synSequence: UInt64
    /// The minute of a report of a flow that goes on; how it ended, of the last one.
    var report: UInt64
  }

  var id: UInt64
  var point: String
  var key: Key
  /// Seconds.
  var time: Int64
  /// Microseconds, by the clock of the agent's host.
  var start: Int64

  /// Microseconds that two records of a flow without a SYN begin apart, at most.
  private static let clocks: Int64 = 1_000_000

  static let columns =
    "_id, time, start_time, ip_0, client_port, ip_1, server_port, protocol, syn_seq, close_type, "
    + "observation_point"
  static let columnCount = 11

  init?(_ row: ArraySlice<Value>) {
    let row = Array(row)
    guard row.count == Self.columnCount, let point = row[10].string else { return nil }
    id = row[0].number
    self.point = point
    time = Int64(clamping: row[1].number)
    start = Int64(clamping: row[2].number)
    let close = row[9].number
    let goesOn = close == UInt64(CloseType.forcedReport.rawValue)
    key = Key(
      ends: Array(row[3...6]), transport: row[7].number, synSequence: row[8].number,
      report: goesOn ? UInt64(time / 60) << 8 : close)
  }

  var place: Int { ObservationPoint.place(onTheWay: point) }

  func isSameFlow(as other: SeenFlow) -> Bool {
    guard key == other.key else { return false }
    return key.synSequence != 0 || abs(start - other.start) <= Self.clocks
  }
}

/// Records, to be found by the flow that they are of.
struct SeenFlows {
  private var byKey: [SeenFlow.Key: [SeenFlow]] = [:]

  init(_ records: some Sequence<SeenFlow>) {
    var known: Set<UInt64> = []
    for record in records where known.insert(record.id).inserted {
      byKey[record.key, default: []].append(record)
    }
  }

  /// Every record of the flow that `record` is of, itself among them, in the order of the way. The
  /// same point twice is two flows: of each other point the record that is nearest in time belongs.
  func all(of record: SeenFlow) -> [SeenFlow] {
    var found: [String: SeenFlow] = [record.point: record]
    for other in byKey[record.key] ?? []
    where other.point != record.point && other.isSameFlow(as: record) {
      let known = found[other.point]
      if known.map({ abs($0.start - record.start) > abs(other.start - record.start) }) ?? true {
        found[other.point] = other
      }
    }
    return found.values.sorted { ($0.place, $0.id) < ($1.place, $1.id) }
  }
}
