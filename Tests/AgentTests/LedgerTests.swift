// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Agent

@Suite struct LedgerTests {
  private func text(_ ledger: Ledger) -> String {
    var text = MetricText()
    text.stages(ledger.tallies)
    return text.text
  }

  @Test func everyStageIsThereFromTheStart() {
    let lines = text(Ledger()).split(separator: "\n")
    for stage in ["probes", "ring", "conversations", "calls", "rollup", "uplink"] {
      #expect(lines.contains("metaflow_stage_received_total{stage=\"\(stage)\"} 0"))
      #expect(lines.contains("metaflow_stage_passed_total{stage=\"\(stage)\"} 0"))
    }
  }

  @Test func entriesAddUp() {
    let ledger = Ledger()
    let time = Timestamp(seconds: 1)
    var tally = Tally()
    tally.received = 10
    tally.passed = 7
    tally.drop(.ringFull, count: 3)
    #expect(tally.balances)
    ledger.add(tally.entries(stage: .ring, time: time))
    ledger.add(tally.entries(stage: .ring, time: time))
    let lines = text(ledger).split(separator: "\n")
    #expect(lines.contains("metaflow_stage_received_total{stage=\"ring\"} 20"))
    #expect(lines.contains("metaflow_stage_passed_total{stage=\"ring\"} 14"))
    #expect(
      lines.contains("metaflow_stage_dropped_total{stage=\"ring\",reason=\"ring_full\"} 6"))
  }

  @Test func anEmptyTallySaysNothing() {
    #expect(Tally().entries(stage: .calls, time: Timestamp(seconds: 1)).isEmpty)
  }

  @Test(arguments: UInt64(1)...5) func waitsGrowToABoundAndDiffer(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var backoff = Backoff()
    var ceiling = Backoff.first
    for _ in 0..<12 {
      let wait = backoff.next(using: &random)
      #expect((ceiling / 2...ceiling).contains(wait), "seed \(seed)")
      ceiling = min(2 * ceiling, Backoff.longest)
    }
    backoff.reset()
    #expect(backoff.next(using: &random) <= Backoff.first)
  }
}
