// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// What must hold of any traffic. The seeds are arguments: a failing one is a case already.
@Suite struct SimulationTests {
  static let seeds: [UInt64] = (1...12).map { $0 &* 7_919 }

  @Test(arguments: seeds) func everyAnsweredCallIsOneRecordOnEachSide(seed: UInt64) {
    let simulation = Simulation(seed: seed, conversations: 60)
    let outcome = simulation.run()
    for point in [ObservationPoint.clientProcess, .serverProcess] {
      let answered = outcome.calls.filter { $0.observationPoint == point && $0.kind == .session }
      #expect(answered.count == simulation.answered)
      #expect(answered.allSatisfy { $0.hasDuration && $0.end >= $0.start })
      #expect(answered.allSatisfy { $0.client.process.pid == 100 && $0.server.process.pid == 200 })
    }
    #expect(outcome.leftConversations == 0)
    #expect(outcome.leftPending == 0)
    #expect(outcome.total(.calls, \.dropped) == 0)
  }

  @Test(arguments: seeds) func rollupsAddUpToTheRecords(seed: UInt64) {
    let outcome = Simulation(
      seed: seed, conversations: 60, faults: .init(loss: 30, swap: 20, nonsense: 5)
    ).run()
    let calls = outcome.calls
    for interval: UInt32 in [1, 60] {
      let rows = outcome.metrics.filter { $0.interval == interval }
      #expect(rows.reduce(0) { $0 + $1.requests } == UInt64(calls.count))
      #expect(
        rows.reduce(0) { $0 + $1.responses } == UInt64(calls.count { $0.kind != .request }))
      #expect(
        rows.reduce(0) { $0 + $1.durationSum } == calls.reduce(0) { $0 + $1.durationMicroseconds })
      #expect(
        rows.reduce(0) { $0 + $1.serverErrors }
          == UInt64(calls.count { $0.status == .serverError }))
    }
  }

  /// Whatever is lost, swapped or unknown, what came in went out or was counted.
  @Test(arguments: seeds) func talliesBalance(seed: UInt64) {
    var limits = FlowLimits()
    limits.conversations = 40
    limits.pendingCalls = 20
    limits.rollupRowsPerSecond = 16
    limits.batchCalls = 30
    let simulation = Simulation(
      seed: seed, conversations: 60, faults: .init(loss: 10, swap: 10, nonsense: 4))
    let outcome = simulation.run(limits: limits)
    #expect(outcome.neverUnbalanced)
    for stage in [Stage.conversations, .calls, .rollup] {
      #expect(
        outcome.total(stage, \.received)
          == outcome.total(stage, \.passed) + outcome.total(stage, \.dropped))
    }
    #expect(outcome.total(.calls, \.passed) == UInt64(outcome.calls.count))
    #expect(outcome.leftPending == 0)
    let data = simulation.observations.count { $0.event.kind == .data }
    let gaps = outcome.losses.filter { $0.stage == .conversations && $0.reason == .streamGap }
    #expect(
      outcome.total(.conversations, \.received)
        >= UInt64(data)
        && outcome.total(.conversations, \.received)
          <= UInt64(data) + gaps.reduce(0) { $0 + $1.dropped }
    )
  }

  /// How the bytes were cut must not show in what is stored.
  @Test(arguments: seeds.prefix(6), [false, true])
  func recordsDoNotDependOnTheChunks(seed: UInt64, faulty: Bool) {
    let faults = faulty ? Simulation.Faults(loss: 25, swap: 15, nonsense: 6) : .init()
    let simulation = Simulation(seed: seed, conversations: 25, faults: faults)
    let whole = simulation.run()
    var dice = SeededGenerator(seed: seed)
    let cut = simulation.run { Self.cut($0, &dice) }
    #expect(whole.batches == cut.batches)
    let bytes = simulation.run { Self.cut($0, every: 1) }
    #expect(whole.batches == bytes.batches)
  }

  @Test func recordsDoNotDependOnTheHash() {
    let simulation = Simulation(
      seed: 5, conversations: 80, faults: .init(loss: 25, swap: 15, nonsense: 6))
    var limits = FlowLimits()
    let first = simulation.run(limits: limits)
    limits.hashSeed = 12_345
    #expect(simulation.run(limits: limits).batches == first.batches)
  }

  /// Bytes from anywhere, as any kind of event: nothing traps and everything is counted.
  @Test(arguments: seeds) func anyEventsAreSurvived(seed: UInt64) {
    var dice = SeededGenerator(seed: seed)
    var limits = FlowLimits()
    limits.conversations = 50
    limits.streamBytes = 512
    var pipeline = FlowPipeline(limits: limits, protocols: builtInProtocols + [Lines()])
    let starts = [
      "GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "?a\n", "=1(99)\n", "\r\n\r\n", "zz",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", "0\r\n\r\n",
    ]
    var received: UInt64 = 0
    for _ in 0..<4_000 {
      var connection = Connection(number: UInt64(dice.roll(60)), isKnown: dice.roll(2) == 0)
      connection.transport = dice.roll(4) == 0 ? .udp : .tcp
      var bytes = Array(starts[dice.roll(starts.count)].utf8)
      for _ in 0..<dice.roll(40) { bytes.append(UInt8(truncatingIfNeeded: dice.next())) }
      var event = connection.event(
        dice.roll(20) == 0 ? .closed : dice.roll(20) == 0 ? .opened : .data,
        dice.roll(2) == 0 ? .client : .server, at: Int64(bitPattern: dice.next() >> 3))
      event.direction = dice.roll(2) == 0 ? .egress : .ingress
      event.sequence = dice.roll(3) == 0 ? UInt32(truncatingIfNeeded: dice.next()) : 100
      event.length =
        dice.roll(5) == 0 ? UInt32(truncatingIfNeeded: dice.next()) : UInt32(bytes.count)
      pipeline.feed(event, payload: bytes.span)
      if dice.roll(50) == 0 {
        pipeline.flush(now: Timestamp(nanoseconds: Int64(bitPattern: dice.next() >> 3)))
      }
      received += 1
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn))
    #expect(pipeline.conversationCount == 0)
    #expect(pipeline.pendingCount == 0)
    #expect(pipeline.tallies.conversations.balances)
    #expect(pipeline.tallies.calls.balances)
    #expect(pipeline.tallies.rollup.balances)
  }

  private static func cut(_ observation: Observation, _ dice: inout SeededGenerator)
    -> [Observation]
  {
    cut(observation, every: 1 + dice.roll(max(1, observation.payload.count)))
  }

  /// The same call's bytes as several events; the last holds what was not captured.
  static func cut(_ observation: Observation, every size: Int) -> [Observation] {
    guard observation.event.kind == .data, observation.payload.count > size else {
      return [observation]
    }
    var pieces: [Observation] = []
    var start = 0
    while start < observation.payload.count {
      let end = min(start + size, observation.payload.count)
      var piece = observation
      piece.payload = Array(observation.payload[start..<end])
      piece.event.sequence &+= UInt32(start)
      let isLast = end == observation.payload.count
      piece.event.length =
        isLast ? observation.event.length - UInt32(start) : UInt32(end - start)
      pieces.append(piece)
      start = end
    }
    return pieces
  }
}
