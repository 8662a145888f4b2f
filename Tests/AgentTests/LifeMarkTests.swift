// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Agent

/// Telling for how long nobody looked.
@Suite struct LifeMarkTests {
  private func dropped(_ entries: [LossEntry]) -> UInt64 {
    entries.reduce(0) { $0 + $1.dropped }
  }

  @Test(arguments: [
    (1, 1, 2), (59, 1, 60), (600, 1, 601), (3_600, 60, 3_601), (100_000, 3_600, 100_001),
  ])
  func eachSecondAwayIsToldOnce(length: Int, step: Int, seconds: Int) {
    let start = Timestamp(seconds: 1_764_000_000)
    let entries = LifeMark.away(from: start, to: start + Int64(length) * 1_000_000_000)
    #expect(dropped(entries) == UInt64(seconds))
    #expect(entries.reduce(0) { $0 + $1.received } == UInt64(seconds))
    #expect(entries.allSatisfy { $0.stage == .agent })
    let times = Set(entries.map(\.time.seconds)).sorted()
    #expect(times.first == start.seconds)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == Int64(step) })
  }

  @Test func aClockThatWentBackTellsNothing() {
    let now = Timestamp(seconds: 1_764_000_000)
    #expect(LifeMark.away(from: now + 1, to: now).isEmpty)
    #expect(LifeMark.away(from: now, to: now).isEmpty)
  }

  @Test func monthsAreBounded() {
    let entries = LifeMark.away(from: Timestamp(seconds: 1), to: Timestamp(seconds: 1_764_000_000))
    #expect(entries.count < 2_000)
  }

  @Test func theMarkIsFoundByTheNextRun() throws {
    let scratch = try Scratch()
    do {
      var mark = try LifeMark(directory: scratch.path)
      let found = mark.found
      #expect(found == nil)
      try mark.advance(to: Timestamp(seconds: 5))
      try mark.advance(to: Timestamp(seconds: 4))
    }
    let found = try LifeMark(directory: scratch.path).found
    #expect(found == Timestamp(seconds: 5))
  }

  /// Killed or stopped: the next batch says since when, once.
  @Test func theNextRunTellsItWithItsFirstBatch() async throws {
    let scratch = try Scratch()
    do {
      let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
      let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
      await outbox.begin(at: Timestamp(seconds: 1_000))
      await outbox.submit(calls(1, from: 1), now: Timestamp(seconds: 1_001))
    }
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    let ledger = Ledger()
    let outbox = Outbox(spool: spool, ledger: ledger, gauges: AgentGauges())
    await outbox.begin(at: Timestamp(seconds: 1_010))
    let tally = ledger.tallies.first { $0.stage == .agent }?.tally
    #expect(tally?.dropped == [Tally.Drop(reason: .agentAway, count: 10)])
    #expect(tally?.balances == true)
  }
}
