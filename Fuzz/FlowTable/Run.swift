// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

@testable import Flows

/// A small table, its owner, and what both have told and been told.
struct Run: ~Copyable {
  private var table: FlowTable
  private var batch = RecordBatch()
  private let limits: FlowTableLimits
  private var time: Int64 = 1_700_000_000_000_000_000
  /// What was taken into a flow.
  private var packets: UInt64 = 0
  private var bytes: UInt64 = 0
  private var refused: UInt64 = 0
  /// What was written.
  private var reported = FlowFigures()
  private var seconds = FlowFigures()
  private var minutes = FlowFigures()
  private var begun: UInt64 = 0
  private var closed: UInt64 = 0
  private var records: UInt64 = 0

  init(_ kind: UInt8) {
    var limits = FlowTableLimits()
    limits.flows = 12
    limits.flowRecordsPerSecond = kind & 1 == 0 ? nil : 2
    limits.flowsAtOnce = kind & 2 == 0 ? nil : 3
    limits.rollupPairs = kind & 4 == 0 ? 4_096 : 8
    limits.disorderedDirections = 3
    limits.echoFlows = 2
    limits.rememberedEnds = 16
    limits.domainBytes = 512
    self.limits = limits
    table = FlowTable(limits: limits)
    for index in 0..<3 {
      _ = table.addInterface(
        InterfaceDescription(
          name: "eth\(index)", addresses: [IPAddress(v4: 0x0a00_0001)], forwards: index == 1,
          isHere: index != 2))
    }
  }

  mutating func step(_ bytes: Span<UInt8>) {
    // What a capture file may say, Sources/Capture/Files/CaptureReader.swift.
    time = min(max(time &+ Step.passed(bytes[6]), 0), 8_000_000_000_000_000_000)
    let now = Timestamp(nanoseconds: time)
    switch bytes[0] >> 4 {
    case 0: advance(to: now)
    case 1: tell(bytes, at: now)
    case 2: _ = table.advance(to: now, into: &batch)
    default: feed(Step.packet(bytes, at: now))
    }
    check()
  }

  private mutating func feed(_ packet: DecodedPacket) {
    var packet = packet
    if packet.time.nanoseconds & 1 == 0 { advance(to: packet.time) }
    let copies = table.copies
    let hit = table.take(&packet)
    if let hit {
      precondition(table.isOpen(hit.slot), "a packet is of an open flow")
      packets += 1
      bytes += UInt64(packet.frameLength)
    } else if table.copies == copies {
      refused += 1
    }
    release()
  }

  /// Tells the flow of a slot something that its conversation may know.
  private mutating func tell(_ bytes: Span<UInt8>, at time: Timestamp) {
    let slot = Int(bytes[1] & 0x0f)
    guard slot < table.flows.count, table.isOpen(slot) else { return }
    switch bytes[2] & 3 {
    case 0:
      table.learnDirection(slot: slot, firstIsClient: bytes[3] & 1 == 0, score: bytes[4])
    case 1:
      table.learnProtocol(
        slot: slot, ApplicationProtocol(rawValue: bytes[3]), domain: bytes.extracting(first: 4))
    case 2:
      var call = CallCount(isRequest: true, isResponse: bytes[3] & 1 == 0)
      call.status = ResponseStatus(rawValue: bytes[4] & 7)
      call.duration = UInt64(bytes[5])
      table.countCall(slot: slot, call, at: time)
    default: table.countParseFailure(slot: slot, at: time)
    }
  }

  private mutating func advance(to now: Timestamp) {
    while true {
      release()
      switch table.advance(to: now, into: &batch) {
      case .arrived: return release()
      case .underway: continue
      case .full: take()
      }
    }
  }

  private mutating func release() {
    for slot in table.ended {
      if table.isFull(batch) { take() }
      table.release(slot, into: &batch)
    }
    table.ended.removeAll()
  }

  mutating func finish() {
    table.finish(now: Timestamp(nanoseconds: time))
    release()
    while !table.flush(into: &batch) { take() }
    take()
    check()
    precondition(
      table.count == 0 && table.samples.count == 0 && table.incidents.count == 0
        && table.extras.count == 0 && table.domains.count == 0 && table.gaps.count == 0
        && table.echoes.count == 0
        && table.rollup.pairs.count == 0 && (table.sample?.count ?? 0) == 0,
      "nothing is left behind")
    let dropped = table.flowTally.dropped
    precondition(table.flowTally.passed == records, "every report that passed was written")
    precondition(
      refused == dropped.first { $0.reason == .flowTableFull }?.count ?? 0,
      "every packet without a flow is counted")
    precondition(dropped.allSatisfy { $0.reason != .batchFull }, "a batch that is taken has room")
    if limits.flowRecordsPerSecond == nil { expectAll(reported) }
    precondition(seconds == minutes, "minutes are the sums of their seconds")
    if limits.rollupPairs > 1_000 {
      expectAll(seconds)
      precondition(begun == closed, "every flow of a pair begins once and ends once")
    }
  }

  private func expectAll(_ figures: FlowFigures) {
    precondition(figures.sent.packets &+ figures.received.packets == packets, "no packet is lost")
    precondition(figures.sent.bytes &+ figures.received.bytes == bytes, "no byte is lost")
  }

  private mutating func take() {
    records += UInt64(batch.flows.count)
    for record in batch.flows {
      reported.add(record.figures)
      precondition(record.end >= record.start, "a report ends after it began")
    }
    for row in batch.networkMetrics {
      if row.interval == 1 {
        seconds.add(row.figures)
        begun += UInt64(row.newFlows)
        closed += UInt64(row.closedFlows)
      } else {
        minutes.add(row.figures)
      }
    }
    batch.removeAll()
  }

  private func check() {
    precondition(table.flowTally.balances && table.rollup.tally.balances, "tallies balance")
    precondition(table.openCount <= limits.flows, "flows are bounded")
    precondition(table.gaps.count <= 3 && table.echoes.count <= 2, "disorder is bounded")
    precondition(table.rollup.pairs.count <= limits.rollupPairs, "pairs are bounded")
  }
}
