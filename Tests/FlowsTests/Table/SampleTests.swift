// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

@Suite struct SampleTests {
  /// Feeds `count` flows of one packet each, within two seconds, and stops; the ids that stayed.
  static func kept(_ count: Int, perSecond: Int, seed: UInt64) -> (ids: [UInt64], tally: Tally) {
    var limits = FlowTableLimits()
    limits.flowRecordsPerSecond = perSecond
    limits.sampleSeed = seed
    var run = FlowRun(limits)
    for index in 0..<count {
      var packet = script("\(index) > udp len=3")[0]
      packet.sourcePort = UInt16(index % 60_000) + 1
      run.feed(packet)
    }
    run.finish()
    return (run.batch.flows.map(\.flow), run.table.takeTallies().flows)
  }

  @Test func whatFitsStays() {
    let (ids, tally) = Self.kept(40, perSecond: 10, seed: 1)
    #expect(ids == Array(1...40))
    #expect(tally.passed == 40 && tally.dropped.isEmpty)
  }

  @Test func theRestIsCounted() {
    let (ids, tally) = Self.kept(1_000, perSecond: 10, seed: 1)
    #expect(Set(ids).count == 40)
    #expect(tally.balances)
    #expect(tally.received == 1_000 && tally.passed == 40)
    #expect(tally.dropped == [.init(reason: .sampled, count: 960)])
    #expect(Self.kept(1_000, perSecond: 10, seed: 1).ids == ids)
    #expect(Self.kept(1_000, perSecond: 10, seed: 2).ids != ids)
  }

  /// Whether a record stays does not depend on when it came: 4 of 20, in 20,000 windows, each a fifth
  /// of the time. The bound is six standard deviations.
  @Test(arguments: [1, 7, 1_000_003] as [UInt64]) func everyRecordHasTheSameChance(_ seed: UInt64) {
    var sample = FlowSample(recordsPerSecond: 1, seed: seed)
    var stayed = Array(repeating: 0, count: 20)
    let end = FlowEnd(address: .unspecified, port: 0)
    let time = Timestamp(nanoseconds: 0)
    for _ in 0..<20_000 {
      for number in 0..<20 {
        var record = FlowRecord(transport: .tcp, client: end, server: end, start: time, end: time)
        record.flow = UInt64(number)
        _ = sample.offer(FlowSample.Held(record: record, interface: 0, domain: SharedTexts.none))
      }
      sample.beginWindow()
      while let part = sample.takeWritable() {
        for held in part { stayed[Int(held.record.flow)] += 1 }
      }
    }
    // sqrt(20,000 * 0.2 * 0.8) is 56.6.
    for count in stayed { #expect(abs(count - 4_000) < 340, "seed \(seed): \(stayed)") }
  }

  /// Texts of records that are left out are given back.
  @Test func textsAreGivenBack() throws {
    var limits = FlowTableLimits()
    limits.flowRecordsPerSecond = 1
    limits.domainBytes = 8 * 128
    var run = FlowRun(limits)
    for index in 0..<500 {
      var packet = script("\(index) > udp len=3")[0]
      packet.sourcePort = UInt16(index) + 1
      let slot = run.feed(packet)?.slot ?? 0
      let name = Array("host-\(index).example".utf8)
      run.table.learnProtocol(slot: slot, .init(rawValue: 20), domain: name.span)
      run.finish()
    }
    #expect(run.batch.flows.count == 500)
    for (index, flow) in run.batch.flows.enumerated() {
      #expect(run.batch.string(flow.requestDomain) == "host-\(index).example")
    }
  }
}
