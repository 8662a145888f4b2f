// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Flows

/// A clock that is set, back or forth, while calls go on.
@Suite struct ClockStepTests {
  fileprivate struct Run {
    var calls: [CallRecord] = []
    var metrics: [CallMetric] = []
    var losses: [LossEntry] = []
    /// The longest run of flushes that brought no row of a second, and no entry of the ledger.
    var silentRows = 0
    var silentLedger = 0
  }

  /// Ten calls a second for half a minute; every few seconds the clock is set by what `steps` say.
  fileprivate func run(steps: [Int64], seed: UInt64) -> Run {
    var limits = FlowLimits()
    limits.longestSilence = 10_000_000_000
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    var connection = PairingTests.connection()
    var dice = SeededGenerator(seed: seed)
    var offset: Int64 = 0
    var run = Run()
    var (rows, ledger) = (0, 0)
    for tick in 0..<1_200 {
      if tick % 100 == 89 { offset += steps[dice.roll(steps.count)] }
      let time = dawn + 4_000_000_000_000 + Int64(tick) * 25_000_000 + offset
      switch tick % 4 {
      case 0: pipeline.feed(connection.send(.client, "?a\n", at: time))
      case 2: pipeline.feed(connection.send(.server, "=1\n", at: time))
      default:
        pipeline.flush(now: Timestamp(nanoseconds: time))
        let batch = pipeline.takeBatch()
        run.take(batch)
        rows = batch.metrics.contains { $0.interval == 1 } ? 0 : rows + 1
        ledger = batch.losses.isEmpty ? ledger + 1 : 0
        run.silentRows = max(run.silentRows, tick > 100 ? rows : 0)
        run.silentLedger = max(run.silentLedger, tick > 100 ? ledger : 0)
      }
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 4_000_000_000_000 + 31_000_000_000 + offset))
    run.take(pipeline.takeBatch())
    return run
  }

  @Test(
    arguments: [
      [-1_000_000_000], [-2_000_000_000], [-3_000_000_000], [-60_000_000_000], [-3_600_000_000_000],
      [60_000_000_000],
      [3_600_000_000_000], [-7_000_000_000, 20_000_000_000, -600_000_000_000, 0],
    ] as [[Int64]])
  func nothingIsLostAndNothingStandsStill(steps: [Int64]) {
    for seed: UInt64 in 1...5 {
      let run = self.run(steps: steps, seed: seed)
      #expect(run.calls.count == 300, "seed \(seed)")
      #expect(run.calls.allSatisfy { $0.responseCode == 1 }, "seed \(seed)")
      // Each lasted some 50 ms, by whatever clock.
      let durations = run.calls.map(\.durationMicroseconds)
      #expect(durations.allSatisfy { (20_000...110_000).contains($0) }, "seed \(seed)")
      for interval: UInt32 in [1, 60] {
        let sum = run.metrics.filter { $0.interval == interval }.reduce(0) { $0 + $1.requests }
        #expect(sum == 300, "seed \(seed)")
      }
      let seen = run.losses.filter { $0.stage == .conversations }.reduce(0) { $0 + $1.received }
      #expect(seen == 600, "seed \(seed)")
      // Twenty flushes a second.
      #expect(run.silentRows <= 100 && run.silentLedger <= 45, "seed \(seed): \(run.silentRows)")
    }
  }

  /// A request that waits is a timeout when its time is over by its own clock, not before or later.
  @Test(arguments: [-3_600_000_000_000, 3_600_000_000_000] as [Int64])
  func deadlinesMoveWithTheClock(step: Int64) {
    var limits = FlowLimits()
    limits.longestSilence = 10_000_000_000
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    var connection = PairingTests.connection()
    let start = dawn + 4_000_000_000_000
    pipeline.flush(now: Timestamp(nanoseconds: start))
    pipeline.feed(connection.send(.client, "?a\n", at: start))
    for second in 1...9 as ClosedRange<Int64> {
      pipeline.flush(now: Timestamp(nanoseconds: start + step + second * 1_000_000_000))
      #expect(pipeline.pendingCount == 1)
    }
    for second in 10...12 as ClosedRange<Int64> {
      pipeline.flush(now: Timestamp(nanoseconds: start + step + second * 1_000_000_000))
    }
    #expect(PairingTests.calls(pipeline.takeBatch()) == ["a -> status 2"])
  }

  /// The network's figures and the packets' ledger go on as well.
  @Test func packetsGoOn() {
    var pipeline = PacketPipeline.make(PacketLimits(), PairingTests.ordered)
    var connection = WireConnection()
    pipeline.feed(connection.handshake(at: dawn + 100_000_000_000))
    var (packets, rows, silent): (UInt64, Int, Int) = (0, 0, 0)
    var sum: UInt64 = 0
    for tick in 0..<400 as Range<Int64> {
      let time = dawn + 100_000_000_000 + tick * 50_000_000 - (tick > 200 ? 30_000_000_000 : 0)
      let frames = connection.send(
        tick % 2 == 0 ? .client : .server, tick % 2 == 0 ? "?a\n" : "=1\n", at: time)
      packets += UInt64(frames.count)
      pipeline.feed(frames)
      while !pipeline.flush(now: Timestamp(nanoseconds: time)) {}
      let batch = pipeline.takeBatch()
      let seconds = batch.networkMetrics.filter { $0.interval == 1 }
      sum += seconds.reduce(0) { $0 + $1.figures.sent.packets + $1.figures.received.packets }
      rows = seconds.isEmpty && batch.losses.isEmpty ? rows + 1 : 0
      silent = max(silent, rows)
    }
    let batch = pipeline.end(at: dawn + 100_000_000_000)
    sum += batch.networkMetrics.filter { $0.interval == 1 }.reduce(0) {
      $0 + $1.figures.sent.packets + $1.figures.received.packets
    }
    #expect(sum == packets + 3)
    #expect(silent <= 60)
  }
}

extension ClockStepTests.Run {
  fileprivate mutating func take(_ batch: RecordBatch) {
    calls += batch.calls
    metrics += batch.metrics
    losses += batch.losses
  }
}
