// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

@Suite struct ReportTests {
  /// A connection that says something every ten seconds, for `minutes`.
  static func talk(minutes: Int) -> [DecodedPacket] {
    var text = CloseTests.handshake
    for turn in 0..<(minutes * 6) {
      let time = 1_000_000 + turn * 10_000_000
      text += "\(time) > PA seq=\(101 + turn * 5) ack=\(701 + turn * 7) len=5\n"
      text += "\(time + 300) < PA seq=\(701 + turn * 7) ack=\(106 + turn * 5) len=7\n"
    }
    return script(text)
  }

  @Test func everyMinute() throws {
    var run = FlowRun()
    for packet in Self.talk(minutes: 3) { run.feed(packet) }
    run.finish()
    let records = run.batch.flows
    #expect(records.map(\.closeType) == [.forcedReport, .forcedReport, .forcedReport])
    #expect(records.map(\.isNew) == [true, false, false])
    #expect(records.map(\.figures.sent.packets) == [8, 6, 6])
    #expect(records.map(\.totalSentPackets) == [8, 14, 20])
    #expect(records.map(\.totalReceivedBytes) == [420, 786, 1_152] as [UInt64])
    #expect(records.map(\.figures.dataResponse.count) == [6, 6, 6])
    #expect(records.map(\.figures.roundTrip.count) == [1, 0, 0])
    #expect(records.map { $0.start.seconds } == [1_000, 1_061, 1_121])
    #expect(records.map { $0.end.seconds } == [1_051, 1_111, 1_171])
    #expect(records.map(\.duration) == [51_000_300, 111_000_300, 171_000_300])
    #expect(records[0].client.flags == [.syn, .ack, .psh])
    #expect(records[1].client.flags == [.ack, .psh])
  }

  /// Who is silent has nothing to report, but is a load of the minute.
  @Test func silentFlowsAreALoad() {
    var run = FlowRun()
    for packet in script(CloseTests.handshake) { run.feed(packet) }
    run.silence()
    #expect(run.batch.flows.map(\.closeType) == [.forcedReport, .timeout])
    let seconds = run.batch.networkMetrics.filter { $0.interval == 1 }
    #expect(seconds.map { $0.time.seconds } == [1_000, 1_302])
    #expect(seconds.map(\.flowLoad) == [1, 1])
    #expect(seconds.map(\.closes.timeout) == [0, 1])
    let minutes = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(minutes.map { $0.time.seconds } == [960, 1_020, 1_080, 1_140, 1_200, 1_260])
    #expect(minutes.allSatisfy { $0.flowLoad == 1 })
    #expect(minutes.map(\.newFlows) == [1, 0, 0, 0, 0, 0])
    #expect(minutes.map(\.closedFlows) == [0, 0, 0, 0, 0, 1])
  }

  /// Minutes are the sums of their seconds.
  @Test func minutesAreSums() {
    var run = FlowRun()
    for packet in Self.talk(minutes: 2) { run.feed(packet) }
    run.finish()
    var (second, minute) = (FlowFigures(), FlowFigures())
    for row in run.batch.networkMetrics {
      if row.interval == 1 { second.add(row.figures) } else { minute.add(row.figures) }
    }
    #expect(second == minute)
    #expect(second.sent.packets == 14)
    #expect(second.systemResponse.count == 0)
    #expect(second.dataResponse.count == 12)
    #expect(second.clientIdle.count == 12)
    #expect(run.table.takeTallies().rollup.balances)
  }

  @Test func lengthsOfSilence() {
    // After its timeout, and the second that packets may be late, a flow is another.
    for (text, silence) in [
      (CloseTests.handshake, 300), ("0 > S seq=1\n", 5), ("0 > udp len=3\n", 5),
      ("0 > S seq=1\n5 < RA seq=0 ack=2\n", 1),
      (CloseTests.handshake + "30 < RA seq=701 ack=101\n", 35),
      (CloseTests.handshake + "30 < FA seq=701 ack=101\n40 > FA seq=101 ack=702\n", 120),
      (
        CloseTests.handshake
          + "30 < FA seq=701 ack=101\n40 > FA seq=101 ack=702\n50 < A seq=702 ack=102\n", 2
      ), (CloseTests.handshake + "30 < FA seq=701 ack=101\n", 120),
    ] {
      for (late, count) in [(900_000, 1), (1_900_000, 2)] {
        let again = text.contains("udp") ? "> udp len=2" : "> A seq=101 ack=701"
        var run = FlowRun()
        for packet in script(text + "\(silence * 1_000_000 + late) \(again)") { run.feed(packet) }
        run.finish()
        #expect(Set(run.batch.flows.map(\.flow)).count == count, "\(text) \(late)")
      }
    }
  }

  /// The same ports are used again: by another connection.
  @Test func portsUsedAgain() {
    let end = "30 < FA seq=701 ack=101\n40 > FA seq=101 ack=702\n"
    for (text, types) in [
      (CloseTests.handshake + end, [CloseType.finished, .serverSynAckMissing]),
      (CloseTests.handshake, [.unknown, .serverSynAckMissing]),
      ("0 > S seq=1\n5 < RA seq=0 ack=2\n", [.serverRefused, .serverSynAckMissing]),
    ] {
      let records = records(of: script(text + "90 > S seq=9000"))
      #expect(records.map(\.closeType) == types)
    }
    // A late copy of the SYN is of the old one.
    #expect(records(of: script(CloseTests.handshake + "90 > S seq=100")).count <= 2)
  }

  @Test func fullTable() {
    var limits = FlowTableLimits.unsampled
    limits.flows = 4
    var run = FlowRun(limits)
    func syn(_ port: UInt16, at time: Int) -> DecodedPacket {
      var packet = script("\(time) > S seq=1")[0]
      packet.sourcePort = port
      return packet
    }
    for port in 1...4 as ClosedRange<UInt16> { #expect(run.feed(syn(port, at: Int(port))) != nil) }
    // The one that is silent for longest gives way.
    #expect(run.feed(syn(5, at: 10)) != nil)
    // One of them is over.
    var reset = script("20 < RA seq=0 ack=2")[0]
    reset.destinationPort = 3
    run.feed(reset)
    #expect(run.feed(syn(6, at: 30)) != nil)
    #expect(run.batch.flows.map(\.client.port) == [1, 3])
    let tally = run.table.takeTallies().flows
    #expect(tally.received == 2 && tally.passed == 2)
  }

  /// One SYN to each of `count` ports, and the end.
  private static func feedPairs(_ count: UInt16, into run: inout FlowRun) {
    for port in 1...count {
      var packet = script("0 > S seq=1")[0]
      packet.destinationPort = port
      run.feed(packet)
    }
    run.finish()
  }

  /// More pairs than the roll-up has room for count in the row of the others, and the tally says so.
  @Test func fullRollup() {
    var limits = FlowTableLimits.unsampled
    limits.rollupPairs = 3
    var run = FlowRun(limits)
    Self.feedPairs(5, into: &run)
    let tally = run.table.takeTallies()
    #expect(run.batch.flows.count == 5)
    #expect(tally.rollup.balances)
    #expect(tally.rollup.dropped == [.init(reason: .rollupTableFull, count: 2)])
    #expect(run.batch.networkMetrics.count == 8)
    for interval in [1, 60] as [UInt32] {
      let rows = run.batch.networkMetrics.filter { $0.interval == interval }
      #expect(rows.reduce(0) { $0 + $1.figures.sent.packets } == 5)
      let others = rows.filter { $0.server.address.isUnspecified }
      #expect(others.map(\.newFlows) == [2] && others.map(\.server.port) == [0])
    }
  }

  /// Clients that there is no room for are counted as no client, not lost.
  @Test func manyClients() {
    var limits = FlowTableLimits.unsampled
    limits.rollupPairs = 16
    var run = FlowRun(limits)
    for client in 1...40 as ClosedRange<UInt32> {
      var packet = script("0 > S seq=1")[0]
      packet.source = IPAddress(v4: client)
      run.feed(packet)
    }
    run.finish()
    let minute = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(minute.count == 15)
    #expect(minute.filter { $0.client.address.isUnspecified }.map(\.newFlows) == [26])
    #expect(minute.reduce(0) { $0 + $1.figures.sent.packets } == 40)
    #expect(run.table.takeTallies().rollup.dropped.isEmpty)
  }

  /// Full batches drop what does not fit, counted.
  @Test func fullBatch() {
    var limits = FlowTableLimits.unsampled
    limits.batchFlows = 2
    limits.batchNetworkMetrics = 2
    var run = FlowRun(limits)
    Self.feedPairs(5, into: &run)
    let tally = run.table.takeTallies()
    #expect(tally.flows.balances && tally.rollup.balances)
    #expect(tally.flows.dropped == [.init(reason: .batchFull, count: 3)])
    #expect(tally.rollup.dropped == [.init(reason: .batchFull, count: 8)])
  }

  /// Another file, from an earlier day.
  @Test func timeGoesBack() {
    var run = FlowRun()
    for packet in script(CloseTests.handshake) { run.feed(packet) }
    for packet in script(CloseTests.handshake, origin: Timestamp(seconds: 100)) { run.feed(packet) }
    run.finish()
    #expect(run.batch.flows.map { $0.start.seconds } == [1_000, 100])
    #expect(run.batch.flows.allSatisfy { $0.figures.roundTrip.sum == 20 })
    let seconds = run.batch.networkMetrics.filter { $0.interval == 1 && $0.newFlows > 0 }
    #expect(seconds.map { $0.time.seconds } == [1_000, 100])
  }

  /// The clock is set forward, as on a host that boots without one, and packets come behind that
  /// before the table is told: it is there in a moment, and what was open before ends in its time.
  @Test func timeGoesFarAhead() {
    var run = FlowRun()
    for packet in script(CloseTests.handshake) { run.feed(packet) }
    let talk = script(
      "0 > udp len=3\n200000 > udp len=3", origin: Timestamp(seconds: 1_700_000_000))
    for var packet in script("0 > udp len=3") + talk {
      packet.sourcePort = 50_000
      _ = run.table.take(&packet)
    }
    run.advance(to: Timestamp(seconds: 1_700_000_001))
    run.finish()
    let types = run.batch.flows.map(\.closeType)
    #expect(types == [.timeout, .forcedReport, .timeout, .forcedReport])
    #expect(run.batch.flows.map(\.figures.sent.packets) == [1, 2, 0, 2])
    let closed = run.batch.networkMetrics.filter { $0.interval == 60 && $0.closedFlows > 0 }
    #expect(closed.map { $0.time.seconds } == [960, 1_260, 1_699_999_980])
    #expect(run.batch.networkMetrics.count < 200)
  }

  @Test func domainAndProtocol() throws {
    var run = FlowRun()
    let slot = run.feed(script("0 > udp len=5")[0])?.slot ?? 0
    run.table.learnProtocol(slot: slot, .init(rawValue: 120), domain: Array("a.example".utf8).span)
    run.table.learnProtocol(slot: slot, .init(rawValue: 120), domain: Array("b.example".utf8).span)
    run.finish()
    #expect(run.batch.flows[0].applicationProtocol == .init(rawValue: 120))
    #expect(run.batch.string(run.batch.flows[0].requestDomain) == "a.example")
    #expect(run.table.count == 0)
  }
}
