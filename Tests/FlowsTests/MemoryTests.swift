// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// What a burst takes is given back, by itself or when it is asked for.
@Suite struct MemoryTests {
  /// Calls of many connections, all under way at a time, and the end of most of them.
  private func burst(_ pipeline: inout FlowPipeline, connections: Int, closes: Bool) {
    var open: [Connection] = []
    for number in 1...connections {
      var connection = PairingTests.connection(UInt64(number))
      let request = "?\(String(repeating: "x", count: 400))\(number)\n"
      pipeline.feed(connection.send(.client, request, at: dawn + Int64(number)))
      pipeline.feed(connection.send(.client, "?half of a request", at: dawn + Int64(number)))
      open.append(connection)
    }
    for index in open.indices where closes {
      pipeline.feed(open[index].send(.client, "\n", at: dawn + 1_000_000_000))
      pipeline.feed(open[index].send(.server, "=1\n=2\n", at: dawn + 1_000_100_000))
      pipeline.feed(open[index].close(at: dawn + 1_100_000_000))
    }
  }

  private func pass(_ seconds: Range<Int64>, _ pipeline: inout FlowPipeline) {
    var batch = RecordBatch()
    for half in (seconds.lowerBound * 2)..<(seconds.upperBound * 2) {
      pipeline.flush(now: Timestamp(nanoseconds: dawn + half * 500_000_000))
      pipeline.takeBatch(into: &batch)
    }
  }

  @Test func aBurstIsForgottenWithinAMinute() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pass(0..<1, &pipeline)
    burst(&pipeline, connections: 10_000, closes: true)
    let peak = pipeline.footprint
    pass(2..<70, &pipeline)
    #expect(peak > 20 << 20, "\(peak)")
    #expect(pipeline.footprint < 1 << 20, "\(pipeline.footprint) of \(peak)")
    // It goes on as before.
    var connection = PairingTests.connection(7)
    pipeline.feed(connection.send(.client, "?a\n", at: dawn + 80_000_000_000))
    pipeline.feed(connection.send(.server, "=1\n", at: dawn + 80_000_100_000))
    #expect(PairingTests.calls(pipeline.takeBatch()) == ["a -> 1"])
  }

  @Test func shrinkingEndsTheIdlestFirst() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pass(0..<1, &pipeline)
    burst(&pipeline, connections: 5_000, closes: false)
    let peak = pipeline.footprint
    let left = pipeline.shrink(
      to: peak / 2, now: Timestamp(nanoseconds: dawn + 2_000_000_000))
    // Calls that left are in the batch, which is the caller's to take.
    let made = pipeline.takeBatch()
    #expect(left < peak && pipeline.footprint < peak * 6 / 10, "\(left) of \(peak)")
    let count = pipeline.conversationCount
    #expect(count > 0 && count < 5_000 && made.calls.count >= 5_000 - count)
    let shed = pipeline.tallies.conversations.dropped.first { $0.reason == .shedLoad }
    #expect(shed?.count == UInt64(5_000 - count))
    #expect(pipeline.tallies.conversations.balances && pipeline.tallies.calls.balances)
    // The latest are there.
    let before = pipeline.pendingCount
    pipeline.feed(PairingTests.connection(5_000).close(at: dawn + 3_000_000_000))
    #expect(pipeline.conversationCount == count - 1 && pipeline.pendingCount < before)
    pipeline.shrink(to: 0, now: Timestamp(nanoseconds: dawn + 4_000_000_000))
    #expect(pipeline.conversationCount == 0 && pipeline.pendingCount == 0)
    pass(5..<70, &pipeline)
    #expect(pipeline.footprint < 1 << 20, "\(pipeline.footprint)")
  }

  @Test func packetsAreForgottenAsWell() {
    var limits = PacketLimits()
    limits.flows.flowRecordsPerSecond = nil
    var pipeline = PacketPipeline.make(limits, PairingTests.ordered)
    for number in 0..<8_000 as Range<Int> {
      var connection = WireConnection()
      connection.client.address = 0x0a00_0000 + UInt32(number)
      let time = dawn + Int64(number)
      pipeline.feed(connection.handshake(at: time))
      pipeline.feed(connection.send(.client, "?a\n?half", at: time + 100_000))
      if number % 2 == 0 {
        pipeline.feed([
          connection.frame(
            .client, [], flags: 0x04, sequence: connection.client.sequence, at: time + 200_000)
        ])
      }
    }
    let peak = pipeline.footprint
    #expect(pipeline.conversationCount == 8_000)
    pipeline.shrink(to: peak / 2, now: Timestamp(nanoseconds: dawn + 1_000_000_000))
    _ = pipeline.takeBatch()
    #expect(pipeline.footprint < peak && pipeline.conversationCount < 8_000)
    var batch = RecordBatch()
    for half in 2..<900 as Range<Int64> {
      while !pipeline.flush(now: Timestamp(nanoseconds: dawn + half * 500_000_000)) {}
      pipeline.takeBatch(into: &batch)
    }
    #expect(pipeline.flowCount == 0 && pipeline.footprint < 2 << 20, "\(pipeline.footprint)")
    #expect(pipeline.tallies.balance)
  }

  /// A batch that was large is small again when those that follow are.
  @Test func batchesBecomeSmallAgain() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    var connection = PairingTests.connection()
    connection.captureLimit = 65_536
    let text = String(repeating: "?a\n", count: 900)
    for index in 0..<20 {
      pipeline.feed(connection.send(.client, text, at: dawn + Int64(index) * 2_000))
      pipeline.feed(
        connection.send(
          .server, String(repeating: "=1\n", count: 900), at: dawn + Int64(index) * 2_000 + 1_000))
    }
    var batch = RecordBatch()
    pipeline.takeBatch(into: &batch)
    #expect(batch.calls.count == 18_000)
    for _ in 0..<60 { pipeline.takeBatch(into: &batch) }
    #expect(batch.calls.capacity <= 1_024 && batch.text.capacity <= 1_024)
    #expect(pipeline.footprint < 4 << 20)
  }
}
