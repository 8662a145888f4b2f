// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Flows

/// Full tables let go what is over, or silent for longest, and sums are exact whatever comes.
@Suite struct FullTableTests {
  /// Exchanges of as many clients, each in datagrams: all are calls, of sockets and of packets.
  @Test func manyClientsOfOneExchangeLoseNone() {
    var limits = PacketLimits()
    limits.calls.conversations = 100
    limits.flows.flows = 200
    limits.flows.rollupPairs = 64
    limits.calls.rollupRowsPerSecond = 64
    limits.calls.rollupRowsPerMinute = 64
    limits.flows.flowRecordsPerSecond = nil
    var pipeline = PacketPipeline.make(limits, PairingTests.numbered)
    var batches: [RecordBatch] = []
    for number in 0..<3_000 as Range<Int> {
      var connection = WireConnection()
      connection.isUDP = true
      connection.server.port = 7_001
      connection.client.address = 0x0a00_0000 + UInt32(number)
      let time = dawn + Int64(number) * 100_000
      pipeline.feed(connection.send(.client, "?a#\(number)\n", at: time))
      pipeline.feed(connection.send(.server, "=1#\(number)\n", at: time + 50_000))
      if number % 1_000 == 0 {
        pipeline.flush(now: Timestamp(nanoseconds: time))
        batches.append(pipeline.takeBatch())
      }
    }
    batches.append(pipeline.end(at: dawn + 300_000_000))
    let calls = batches.flatMap(\.calls)
    #expect(calls.count { $0.kind == .session } == 3_000)
    #expect(batches.flatMap(\.flows).count == 3_000)
    for interval: UInt32 in [1, 60] {
      let rows = batches.flatMap(\.metrics).filter { $0.interval == interval }
      #expect(rows.reduce(0) { $0 + $1.requests } == 3_000)
      #expect(rows.reduce(0) { $0 + $1.responses } == 3_000)
      let pairs = batches.flatMap(\.networkMetrics).filter { $0.interval == interval }
      #expect(pairs.reduce(0) { $0 + $1.figures.sent.packets } == 3_000)
      #expect(pairs.reduce(0) { $0 + $1.newFlows } == 3_000)
      #expect(pairs.reduce(0) { $0 + $1.closedFlows } == 3_000)
    }
    #expect(batches.flatMap(\.losses).allSatisfy { $0.dropped == 0 })
  }

  /// The same of sockets, whose ends are not told.
  @Test func manySocketsOfOneExchangeLoseNone() {
    var limits = FlowLimits()
    limits.conversations = 100
    limits.rollupRowsPerSecond = 32
    limits.rollupRowsPerMinute = 32
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.numbered)
    for number in 1...3_000 {
      var connection = Connection(number: UInt64(number), serverPort: 7_001, isKnown: false)
      connection.server.isObserved = false
      connection.transport = .udp
      connection.client.address = IPAddress(v4: UInt32(0x0a00_0000 + number))
      pipeline.feed(connection.send(.client, "?a#1\n", at: dawn + Int64(number) * 100_000))
      pipeline.feed(connection.send(.server, "=1#1\n", at: dawn + Int64(number) * 100_000 + 1))
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 5_000_000_000))
    let batch = pipeline.takeBatch()
    #expect(batch.calls.count { $0.kind == .session } == 3_000)
    #expect(FairnessTests.requests(batch) == 3_000)
    #expect(FairnessTests.requests(batch, interval: 60) == 3_000)
    #expect(pipeline.tallies.calls.droppedTotal == 0)
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
    #expect(pipeline.tallies.rollup.droppedTotal == 0)
  }

  /// Every key is another: rows of less detail take what finds none, and nothing is lost.
  @Test(arguments: [1, 2, 3, 8, 16, 64]) func sumsAreExactInATableOfSoManyRows(limit: Int) {
    var limits = FlowLimits()
    limits.rollupRowsPerSecond = limit
    limits.rollupRowsPerMinute = limit
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    var dice = SeededGenerator(seed: UInt64(limit))
    var (calls, durations): (UInt64, UInt64) = (0, 0)
    var batches: [RecordBatch] = []
    for step in 0..<600 {
      var connection = PairingTests.connection(UInt64(step))
      connection.client.address = IPAddress(v4: UInt32(dice.roll(200)))
      connection.server.address = IPAddress(v4: UInt32(1_000 + dice.roll(20)))
      connection.server.port = UInt16(7_000 + dice.roll(3))
      let time = dawn + Int64(step) * 210_000_000
      pipeline.feed(connection.send(.client, "?\(dice.roll(50))\n", at: time))
      pipeline.feed(connection.send(.server, "=500\n", at: time + 2_000_000))
      pipeline.feed(connection.close(at: time + 3_000_000))
      pipeline.flush(now: Timestamp(nanoseconds: time + 50_000_000))
      batches.append(pipeline.takeBatch())
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 127_000_000_000))
    batches.append(pipeline.takeBatch())
    for call in batches.flatMap(\.calls) {
      calls += 1
      durations += call.durationMicroseconds
    }
    #expect(calls == 600)
    for interval: UInt32 in [1, 60] {
      let rows = batches.flatMap(\.metrics).filter { $0.interval == interval }
      #expect(rows.reduce(0) { $0 + $1.requests } == 600)
      #expect(rows.reduce(0) { $0 + $1.serverErrors } == 600)
      #expect(rows.reduce(0) { $0 + $1.durationSum } == durations)
      // Those of a time: no more than there is room for, and that of the others.
      let most = Dictionary(grouping: rows, by: \.time).values.map(\.count).max() ?? 0
      #expect(most <= limit + 1)
    }
  }

  /// Rows that a batch has no room for come with the next.
  @Test func rowsWaitForTheNextBatch() {
    var limits = FlowLimits()
    limits.batchMetrics = 7
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for number in 1...100 {
      var connection = PairingTests.connection(UInt64(number))
      pipeline.feed(connection.send(.client, "?\(number)\n", at: dawn + Int64(number)))
      pipeline.feed(connection.send(.server, "=1\n", at: dawn + Int64(number) + 1_000))
    }
    var rows: [CallMetric] = []
    var rounds = 0
    while !pipeline.finish(now: Timestamp(nanoseconds: dawn + 5_000_000_000)), rounds < 100 {
      let batch = pipeline.takeBatch()
      #expect(batch.metrics.count == 7)
      rows += batch.metrics
      rounds += 1
    }
    rows += pipeline.takeBatch().metrics
    #expect(rows.count { $0.interval == 1 } == 100)
    #expect(rows.filter { $0.interval == 60 }.reduce(0) { $0 + $1.requests } == 100)
    #expect(pipeline.tallies.rollup.droppedTotal == 0)
  }

  /// Connections that go on keep their places as long as what is over can give its own.
  @Test func whatIsOverGoesBeforeWhatGoesOn() {
    var limits = PacketLimits()
    limits.calls.conversations = 64
    limits.flows.flows = 96
    var pipeline = PacketPipeline.make(limits, PairingTests.ordered + PairingTests.numbered)
    var long = WireConnection()
    long.client.port = 55_555
    pipeline.feed(long.handshake(at: dawn))
    pipeline.feed(long.send(.client, "?first\n", at: dawn + 1_000))
    for number in 0..<2_000 as Range<Int> {
      var connection = WireConnection()
      connection.isUDP = true
      connection.server.port = 7_001
      connection.client.address = 0x0a00_0000 + UInt32(number)
      let time = dawn + 10_000_000 + Int64(number) * 100_000
      pipeline.feed(connection.send(.client, "?a#1\n", at: time))
      pipeline.feed(connection.send(.server, "=1#1\n", at: time + 50_000))
    }
    pipeline.feed(long.send(.server, "=1\n", at: dawn + 300_000_000))
    let calls = pipeline.end(at: dawn + 300_000_000).calls
    #expect(calls.count { $0.kind == .session } == 2_001)
  }
}
