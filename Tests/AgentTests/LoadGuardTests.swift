// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Agent

@Suite struct LoadGuardTests {
  private func run(_ samples: [(cpu: Int, memory: Int, times: Int)]) -> [LoadGuard.Level] {
    var load = LoadGuard(processorLimit: 100, memoryLimit: 1_000)
    return samples.map { sample in
      var level = load.level
      for _ in 0..<sample.times {
        level = load.take(.init(processor: sample.cpu, memory: sample.memory))
      }
      return level
    }
  }

  @Test func oneBusySecondShedsNothing() {
    #expect(run([(101, 10, 1), (50, 10, 1), (101, 10, 1)]) == [.normal, .normal, .normal])
  }

  @Test func twoSecondsAboveALimitShedOneLevel() {
    #expect(run([(101, 10, 2), (101, 10, 2), (101, 10, 2)]) == [.lean, .sampling, .paused])
    #expect(run([(10, 1_001, 2)]) == [.lean])
  }

  @Test func farAboveALimitShedsAtOnce() {
    #expect(run([(151, 10, 1), (10, 1_600, 1), (151, 10, 9)]) == [.lean, .sampling, .paused])
  }

  /// Between 70 % and the limit nothing moves for a minute, or the level would swing.
  @Test func nearTheLimitTheLevelStaysForAMinute() {
    #expect(run([(151, 10, 1), (90, 10, 59), (10, 800, 1)]) == [.lean, .lean, .normal])
    #expect(run([(151, 10, 3), (90, 10, 180)]) == [.paused, .normal])
  }

  /// What an idle agent uses may be nearly all that it is allowed: no level is for ever.
  @Test func aLimitNearTheIdleUseDoesNotBlindTheAgentForGood() {
    #expect(run([(10, 1_100, 6), (10, 990, 180)]) == [.paused, .normal])
  }

  /// A trial that fails makes the next one rarer: the level does not swing each minute.
  @Test func trialsThatFailAreMadeMoreSeldom() {
    var load = LoadGuard(processorLimit: 100, memoryLimit: 1_000)
    func feed(_ processor: Int, _ times: Int) -> LoadGuard.Level {
      for _ in 0..<times { _ = load.take(.init(processor: processor, memory: 10)) }
      return load.level
    }
    #expect(feed(151, 1) == .lean)
    var waits: [Int] = []
    for _ in 0..<6 {
      var wait = 0
      while load.level == .lean {
        _ = load.take(.init(processor: 90, memory: 10))
        wait += 1
      }
      waits.append(wait)
      #expect(feed(110, 2) == .lean)
    }
    #expect(waits == [60, 120, 240, 480, 900, 900])
    #expect(feed(90, 900) == .normal)
    // A trial that held for a minute makes it forget.
    #expect(feed(90, 60) == .normal)
    #expect(feed(151, 1) == .lean)
    #expect(feed(90, 60) == .normal)
  }

  @Test(arguments: [(850, nil), (851, 0.705), (1_200, 0.5)] as [(Int, Double?)])
  func memoryIsAskedBackBeforeTheLimit(memory: Int, share: Double?) {
    let load = LoadGuard(processorLimit: 100, memoryLimit: 1_000)
    let asked = load.relief(.init(processor: 10, memory: memory))
    #expect((asked == nil) == (share == nil))
    if let asked, let share { #expect(abs(asked - share) < 0.001) }
  }

  @Test func aPipelineAnswersEachRequestOnce() {
    let gauges = AgentGauges()
    var relief = MemoryRelief()
    #expect(relief.target(gauges, footprint: 1_000) == nil)
    gauges.update { $0.relief = AgentGauges.Relief(number: 1, share: 0.5) }
    #expect(relief.target(gauges, footprint: 1_000) == 500)
    #expect(relief.target(gauges, footprint: 1_000) == nil)
    gauges.update { $0.relief.number = 2 }
    #expect(relief.target(gauges, footprint: 800) == 400)
  }

  @Test(arguments: LoadGuard.Level.allCases)
  func whatIsShedIsSaidInWords(level: LoadGuard.Level) {
    var values = AgentGauges.Values()
    (values.shedding, values.privateBytes) = (level, 70 << 20)
    let text = ShedReport.sentence(values, AgentConfiguration())
    #expect(text.contains("70 MiB") && text.contains("limits.cpu"))
    #expect(text.contains("No load") == (level == .normal))
  }

  @Test func tenQuietSecondsGiveOneLevelBack() {
    #expect(
      run([(151, 10, 3), (60, 600, 9), (60, 600, 1), (60, 600, 20), (60, 600, 50)])
        == [.paused, .paused, .sampling, .normal, .normal])
  }
}
