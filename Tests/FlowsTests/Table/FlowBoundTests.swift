// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

/// What a flood of packets leaves behind.
@Suite struct FlowBoundTests {
  static func limits() -> FlowTableLimits {
    var limits = FlowTableLimits()
    limits.flows = 1_000
    limits.rollupPairs = 64
    limits.flowRecordsPerSecond = 100
    return limits
  }

  /// Half-open connections from everywhere, half a second's worth after half a second's.
  @Test func synFlood() {
    let limits = Self.limits()
    var run = FlowRun(limits)
    var syn = script("0 > S seq=1")[0]
    var records = 0
    for number in 0..<60_000 as Range<UInt32> {
      syn.source = IPAddress(v4: number &* 2_654_435_761)
      syn.time = Timestamp(seconds: 1_000) + Int64(number) * 500_000
      run.feed(syn)
      records += run.batch.flows.count
      run.batch.removeAll()
    }
    #expect(run.table.count <= limits.flows + 1)
    #expect(run.table.flows.count <= limits.flows + 1)
    #expect(run.table.rollup.pairs.count <= limits.rollupPairs)
    #expect((run.table.sample?.count ?? 0) <= 400)
    run.finish()
    records += run.batch.flows.count
    let tallies = run.table.takeTallies()
    #expect(tallies.flows.balances && tallies.rollup.balances)
    #expect(tallies.flows.received == 60_000)
    #expect(tallies.flows.passed == UInt64(records))
  }

  /// When all flows end at once, or are due for a report, their records come some at a time, and are
  /// those that would have come together.
  @Test(arguments: [nil, 20, 5_000] as [Int?]) func endsComeInSlices(perSecond: Int?) {
    func run(_ atOnce: Int?) -> (records: [FlowRecord], largest: Int, tally: Tally) {
      var limits = Self.limits()
      limits.flowsAtOnce = atOnce
      limits.flowRecordsPerSecond = perSecond
      var run = FlowRun(limits)
      for number in 0..<900 as Range<Int> {
        var text = script("\(number * 100) > udp len=3")[0]
        text.sourcePort = UInt16(number) + 1
        run.feed(text)
      }
      run.silence()
      let records = run.batch.flows.sorted { $0.flow < $1.flow }
      return (records, run.largest, run.table.takeTallies().flows)
    }
    let (whole, slices) = (run(nil), run(16))
    #expect(slices.tally.balances && slices.tally.received == 900)
    #expect(slices.tally.passed == UInt64(slices.records.count))
    #expect(Set(slices.records.map(\.flow)).count == slices.records.count)
    if perSecond == 20 {
      #expect(slices.records.count == 80)
    } else {
      #expect(slices.records == whole.records && slices.records.count == 900)
    }
    // A part of a sample is written whole.
    #expect(slices.largest <= (perSecond == nil ? 16 : 1_024))
    #expect(perSecond != nil || whole.largest > 500)
  }

  /// The rows of pairs come some at a time, too, and none is lost for want of room.
  @Test func rowsComeInSlices() {
    var limits = Self.limits()
    limits.flowsAtOnce = 16
    limits.batchNetworkMetrics = 2 * limits.rollupPairs
    var run = FlowRun(limits)
    for number in 0..<600 as Range<Int> {
      var packet = script("\(number * 10_000) > udp len=3")[0]
      packet.source = IPAddress(v4: UInt32(number % 50))
      run.feed(packet)
    }
    run.finish()
    let tally = run.table.takeTallies().rollup
    #expect(tally.balances && tally.dropped.isEmpty)
    let minute = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(minute.reduce(0) { $0 + $1.figures.sent.packets } == 600)
  }

  /// Frames that say they are gigabytes long are counted to the byte.
  @Test func hugeFrames() {
    var run = FlowRun()
    var packet = script("0 > udp len=3")[0]
    for length in [UInt32.max, 1, .max, 1 << 31, 60] {
      packet.frameLength = length
      packet.identification += 1
      run.feed(packet)
    }
    run.finish()
    let sum: UInt64 = 2 * 0xffff_ffff + 0x8000_0000 + 61
    #expect(run.batch.flows.map(\.figures.sent.bytes) == [sum])
    #expect(run.batch.flows.map(\.figures.sent.packets) == [5])
    let minute = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(minute.map(\.figures.sent.bytes) == [sum])
  }

  /// The lines of the cache that a packet brings in, and the memory of a flow.
  @Test func sizes() {
    #expect(MemoryLayout<Flow>.stride == 128)
    #expect(MemoryLayout<FlowDetail>.stride <= 256)
    #expect(MemoryLayout<Conversation>.stride <= 368)
  }

  /// Every segment leaves a hole: holes are remembered in a bounded place, and counted all the same.
  @Test func holesEverywhere() {
    var limits = Self.limits()
    limits.disorderedDirections = 8
    var run = FlowRun(limits)
    var segment = script("0 > PA seq=1 ack=1 len=10")[0]
    for number in 0..<20_000 as Range<UInt32> {
      segment.sourcePort = UInt16(number % 500) + 1_024
      segment.sequence = number &* 40
      run.feed(segment)
    }
    #expect(run.table.gaps.slots.count <= 8)
    run.finish()
    #expect(run.table.gaps.count == 0)
    let packets = run.batch.networkMetrics.filter { $0.interval == 60 }.reduce(0) {
      $0 + $1.figures.sent.packets + $1.figures.received.packets
    }
    #expect(packets == 20_000)
  }

  /// An established flow costs no allocation: what holds its figures stops growing.
  @Test func buffersStopGrowing() {
    var run = FlowRun()
    var sizes: [[Int]] = []
    for round in 0..<6 {
      for packet in ReportTests.talk(minutes: 1) {
        var later = packet
        later.time = packet.time + Int64(round) * 120_000_000_000
        run.feed(later)
      }
      run.batch.removeAll()
      sizes.append([
        run.table.flows.count, run.table.samples.slots.count, run.table.incidents.slots.count,
        run.table.rollup.pairs.entries.count, run.batch.networkMetrics.capacity,
      ])
    }
    #expect(Set(sizes.dropFirst()).count == 1, "\(sizes)")
  }

  /// Numbers go round at 2^32, and gaps over it are as any.
  @Test func gapsGoRound() {
    var gaps = SequenceGaps()
    gaps.add(.max - 4, 5)
    let filled = [
      gaps.fill(.max - 1, 1), gaps.fill(.max - 4, .max - 3), gaps.fill(.max - 1, 1),
      gaps.fill(0, 9), gaps.fill(.max - 9, 0),
    ]
    #expect(filled == [true, true, false, true, true])
    #expect(gaps.isEmpty)
  }

  /// The oldest of more than 16 gaps are given up.
  @Test func oldGapsAreForgotten() {
    var gaps = SequenceGaps()
    for hole in 0..<40 as Range<UInt32> { gaps.add(hole * 10, hole * 10 + 5) }
    let filled = [gaps.fill(230, 235), gaps.fill(240, 245), gaps.fill(250, 400)]
    #expect(filled == [false, true, true])
    #expect(gaps.isEmpty)
  }
}
