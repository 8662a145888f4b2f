// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The figures of flows second by second, and the pairs of ends that they count for.
extension FlowTable {
  /// Opens the figures of a flow for the second of `time`, having counted those of an earlier one.
  mutating func openSecond(of slot: Int, at time: Timestamp) {
    countSecond(of: slot)
    if details[slot].reportStart == .max { details[slot].reportStart = time.nanoseconds }
    let second = rollup.open(time.seconds)
    details[slot].second = second
    flows[slot].secondEnd = (max(second, time.seconds) &+ 1) &* 1_000_000_000
    if !flows[slot].facts.has(FlowFacts.listed) { counting.append(UInt32(slot)) }
    flows[slot].facts.note(FlowFacts.counting | FlowFacts.listed)
  }

  /// Counts the figures of a flow's second, if one is open, for its report and its pair.
  mutating func countSecond(of slot: Int) {
    guard flows[slot].facts.has(FlowFacts.counting) else { return }
    flows[slot].facts.forget(FlowFacts.counting)
    flows[slot].secondEnd = .min
    let second = details[slot].second
    if !flows[slot].facts.has(FlowFacts.joined) { joinPair(slot, second: second) }
    let (client, pair) = (flows[slot].clientDirection, details[slot].pair)
    rollup.add(
      flows[slot].traffic, client: client, score: details[slot].directionScore, pair: pair,
      second: second)
    for direction in 0...1 {
      flows[slot].traffic[direction].add(to: &details[slot].report.traffic[direction])
    }
    flows[slot].traffic = BothWays(SecondTraffic())
    let (measured, befallen) = (flows[slot].samples, details[slot].incidents)
    if measured != Pool<FlowSamples>.none {
      rollup.add(&samples.slots[Int(measured)], client: client, pair: pair, second: second)
      samples.merge(measured, into: &details[slot].report.samples)
      flows[slot].samples = Pool<FlowSamples>.none
    }
    if befallen != Pool<FlowIncidents>.none {
      rollup.add(&incidents.slots[Int(befallen)], client: client, pair: pair, second: second)
      incidents.merge(befallen, into: &details[slot].report.incidents)
      details[slot].incidents = Pool<FlowIncidents>.none
    }
  }

  /// Counts the seconds of flows up to this one, and writes the rows of their pairs; false when the
  /// batch has no room for all.
  mutating func closeSeconds(through second: Int64, into batch: inout RecordBatch) -> Bool {
    guard rollup.isOpen(second) else { return true }
    var kept = 0
    for index in counting.indices {
      let slot = Int(counting[index])
      if details[slot].second <= second { countSecond(of: slot) }
      if flows[slot].facts.has(FlowFacts.counting) {
        counting[kept] = UInt32(slot)
        kept += 1
      } else {
        flows[slot].facts.forget(FlowFacts.listed)
      }
    }
    counting.removeSubrange(kept...)
    return rollup.close(through: second, into: &batch)
  }

  private mutating func joinPair(_ slot: Int, second: Int64) {
    let client = flows[slot].end(flows[slot].clientDirection)
    let server = flows[slot].end(1 - flows[slot].clientDirection)
    let pair = NetworkPair(
      client: client.address, server: server.address,
      serverPort: flows[slot].hasPorts ? server.port : 0, transport: flows[slot].transport,
      tunnelType: flows[slot].tunnelType, observationPoint: details[slot].observationPoint)
    let isNew = !flows[slot].facts.has(FlowFacts.counted)
    details[slot].pair = rollup.join(pair, second: second, isNew: isNew)
    guard details[slot].pair != .max else { return }
    flows[slot].facts.note(FlowFacts.joined | FlowFacts.counted)
  }

  /// Takes a flow out of the load of its pair: it ended so, or (nil) is of another pair from now on.
  mutating func leavePair(_ slot: Int, closing: CloseType?) {
    let time = max(clock ?? flows[slot].last, flows[slot].last)
    // It was turned round and carried nothing since: it ends as one of the pair that it is of now.
    if closing != nil, !flows[slot].facts.has(FlowFacts.joined),
      flows[slot].facts.has(FlowFacts.counted)
    {
      joinPair(slot, second: time.seconds)
    }
    guard flows[slot].facts.has(FlowFacts.joined) else { return }
    flows[slot].facts.forget(FlowFacts.joined)
    let isTCP = flows[slot].isTCP
    rollup.leave(
      details[slot].pair, second: time.seconds, closing: closing.map { ($0, isTCP) })
    details[slot].pair = .max
  }
}
