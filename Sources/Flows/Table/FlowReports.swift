// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What flows tell.
extension FlowTable {
  /// Writes the report of a flow that goes on, if there is anything to report.
  mutating func reportProgress(
    _ slot: Int, now: Timestamp, into batch: inout RecordBatch
  ) {
    let late = now.nanoseconds &- details[slot].reportDue
    let intervals = late / limits.reportInterval + 1
    details[slot].reportDue &+= intervals &* limits.reportInterval
    countSecond(of: slot)
    guard details[slot].reportStart != .max else { return }
    report(slot, .forcedReport, into: &batch)
  }

  /// Writes the last report of an ended flow and gives its slot back. Nothing happens for another.
  mutating func release(_ slot: Int, into batch: inout RecordBatch) {
    guard slot < flows.count, flows[slot].use == .ended else { return }
    countSecond(of: slot)
    let type = flows[slot].closeType(resetIn: details[slot].resetPhase)
    leavePair(slot, closing: type)
    report(slot, type, into: &batch)
    forgetGaps(slot: slot, direction: 0)
    forgetGaps(slot: slot, direction: 1)
    echoes.remove(details[slot].echoes)
    extras.remove(details[slot].extra)
    domains.release(details[slot].domain)
    flows[slot].use = .free
    free.append(UInt32(slot))
  }

  private mutating func report(
    _ slot: Int, _ type: CloseType, into batch: inout RecordBatch
  ) {
    var held = FlowSample.Held(
      record: record(slot, type), interface: flows[slot].interface, domain: details[slot].domain)
    beginReport(slot)
    guard sample != nil else { return write(&held, into: &batch) }
    domains.hold(held.domain)
    if let left = sample?.offer(held) {
      domains.release(left.domain)
      flowTally.lose(.sampled)
    }
  }

  /// Empties what was gathered for a report that is written.
  private mutating func beginReport(_ slot: Int) {
    flows[slot].facts.note(FlowFacts.reported)
    flows[slot].flags = BothWays(0)
    for direction in 0...1 {
      let traffic = details[slot].report.traffic[direction]
      details[slot].reportedPackets[direction] &+= traffic.packets
      details[slot].reportedBytes[direction] &+= traffic.bytes
    }
    samples.remove(details[slot].report.samples)
    incidents.remove(details[slot].report.incidents)
    details[slot].report = ReportFigures()
    details[slot].reportStart = .max
  }

  /// Writes the records of windows that are over; false when the batch has no room for all.
  mutating func writeSample(into batch: inout RecordBatch) -> Bool {
    while !isFull(batch) {
      guard var records = sample?.takeWritable() else { return true }
      for index in records.indices {
        write(&records[index], into: &batch)
        domains.release(records[index].domain)
      }
    }
    return sample?.isWritten ?? true
  }

  private mutating func write(_ held: inout FlowSample.Held, into batch: inout RecordBatch) {
    guard batch.flows.count < limits.batchFlows, batch.text.count < limits.batchTextBytes else {
      return flowTally.lose(.batchFull)
    }
    held.record.interfaceName = interfaces.writeName(of: held.interface, into: &batch)
    if let domain = domains.write(held.domain, into: &batch) {
      held.record.requestDomain = domain
    }
    batch.flows.append(held.record)
    flowTally.pass()
  }
}
