// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The sums of the minutes that are not over, out of the rows by the second that were handed on.
///
/// What is taken out of it goes into a batch as rows of a minute. A minute may be taken out in several
/// goes, and after more of it has come: its rows add up. Bounded: beyond ``limit`` rows calls are
/// added up without their endpoint, and beyond that too what finds no row is the caller's to count.
struct MinuteSums {
  /// Rows of all open minutes, and those of them that have an endpoint.
  static let limit = 65_536
  private static let endpointLimit = limit - limit / 8

  private struct CallKey: Hashable {
    /// With the minute as its time, and no figures.
    var row: CallMetric
    var endpoint: [UInt8]
  }

  private var calls: [CallKey: CallMetric] = [:]
  /// By the row without its figures.
  private var pairs: [NetworkMetric: NetworkMetric] = [:]

  var isEmpty: Bool { calls.isEmpty && pairs.isEmpty }
  var count: Int { calls.count + pairs.count }
  /// The oldest minute that something is known of.
  private(set) var oldest = Int64.max

  /// Adds the rows by the second of a batch, those of the network only where asked for; how many calls
  /// found no row.
  mutating func add(_ batch: borrowing RecordBatch, network: Bool = false) -> UInt64 {
    var lost: UInt64 = 0
    for index in batch.metrics.indices where batch.metrics[index].interval == 1 {
      let metric = batch.metrics[index]
      let endpoint = Array(batch.bytes(metric.endpoint))
      if !add(metric, endpoint: endpoint) && !add(metric, endpoint: []) { lost &+= metric.requests }
    }
    guard network else { return lost }
    for index in batch.networkMetrics.indices where batch.networkMetrics[index].interval == 1 {
      if !add(batch.networkMetrics[index]) { lost &+= 1 }
    }
    return lost
  }

  private mutating func add(_ metric: CallMetric, endpoint: [UInt8]) -> Bool {
    var metric = metric
    let key = CallKey(row: metric.minuteKey, endpoint: endpoint)
    if let place = calls.index(forKey: key) {
      calls.values[place].add(&metric)
      return true
    }
    guard count < (endpoint.isEmpty ? Self.limit : Self.endpointLimit) else { return false }
    var sum = key.row
    sum.add(&metric)
    calls[key] = sum
    oldest = min(oldest, sum.time.seconds)
    return true
  }

  private mutating func add(_ metric: NetworkMetric) -> Bool {
    let key = metric.minuteKey
    if let place = pairs.index(forKey: key) {
      pairs.values[place].add(metric)
      return true
    }
    guard count < Self.limit else { return false }
    var sum = key
    sum.add(metric)
    pairs[key] = sum
    oldest = min(oldest, sum.time.seconds)
    return true
  }

  /// Takes in a batch as it was handed on earlier: what it has by the minute is out of the sums. Its calls
  /// by the minute were without those by the second beside them, its pairs were with them.
  mutating func replay(_ batch: borrowing RecordBatch) {
    for index in batch.metrics.indices where batch.metrics[index].interval == 60 {
      let metric = batch.metrics[index]
      calls[CallKey(row: metric.minuteKey, endpoint: Array(batch.bytes(metric.endpoint)))] = nil
    }
    _ = add(batch, network: true)
    for index in batch.networkMetrics.indices where batch.networkMetrics[index].interval == 60 {
      pairs[batch.networkMetrics[index].minuteKey] = nil
    }
    findOldest()
  }

  /// Moves rows of the minutes that are over at `end` (seconds) to `batch`, as many as `rows` and
  /// `textBytes` allow; true when none of them is left.
  mutating func takeOver(
    at end: Int64, into batch: inout RecordBatch, rows: Int, textBytes: Int
  ) -> Bool {
    guard oldest <= end &- 60 else { return true }
    var room = rows
    let full = batch.text.count + textBytes
    var isAll = true
    for (key, sum) in calls where key.row.time.seconds <= end &- 60 {
      guard room > 0, batch.text.count + key.endpoint.count <= full else {
        isAll = false
        break
      }
      var row = sum
      row.endpoint = batch.append(key.endpoint.span)
      batch.metrics.append(row)
      calls[key] = nil
      room -= 1
    }
    for (key, sum) in pairs where key.time.seconds <= end &- 60 {
      guard room > 0 else {
        isAll = false
        break
      }
      batch.networkMetrics.append(sum)
      pairs[key] = nil
      room -= 1
    }
    findOldest()
    return isAll
  }

  private mutating func findOldest() {
    oldest = .max
    for key in calls.keys { oldest = min(oldest, key.row.time.seconds) }
    for key in pairs.keys { oldest = min(oldest, key.time.seconds) }
  }
}

extension CallMetric {
  /// The row of its minute, without figures.
  fileprivate var minuteKey: CallMetric {
    CallMetric(
      time: time.minute, interval: 60, observationPoint: observationPoint,
      signalSource: signalSource, transport: transport, applicationProtocol: applicationProtocol,
      client: client, server: server)
  }
}

extension NetworkMetric {
  fileprivate var minuteKey: NetworkMetric {
    var key = NetworkMetric(
      time: time.minute, interval: 60, observationPoint: observationPoint, transport: transport,
      client: client, server: server)
    key.signalSource = signalSource
    key.tunnelType = tunnelType
    return key
  }

  fileprivate mutating func add(_ other: NetworkMetric) {
    directionScore = max(directionScore, other.directionScore)
    figures.add(other.figures)
    newFlows &+= other.newFlows
    closedFlows &+= other.closedFlows
    flowLoad = max(flowLoad, other.flowLoad)
    closes.add(other.closes)
  }
}

extension Timestamp {
  fileprivate var minute: Timestamp {
    let second = seconds
    let remainder = second % 60
    return Timestamp(seconds: second - (remainder < 0 ? remainder + 60 : remainder))
  }
}
