// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Agent

@Suite struct LoadGuardTests {
  private func run(_ samples: [(cpu: Int, memory: Int, times: Int)]) -> [LoadGuard.Level] {
    var load = LoadGuard(processorLimit: 100, memoryLimit: 1_000)
    return samples.map { sample in
      var level = load.level
      for _ in 0..<sample.times {
        level = load.take(.init(processor: sample.cpu, residentBytes: sample.memory))
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

  /// Between 70 % and the limit nothing moves, or the level would swing.
  @Test func nearTheLimitTheLevelStays() {
    #expect(run([(151, 10, 1), (90, 10, 100), (10, 800, 100)]) == [.lean, .lean, .lean])
  }

  @Test func tenQuietSecondsGiveOneLevelBack() {
    #expect(
      run([(151, 10, 3), (60, 600, 9), (60, 600, 1), (60, 600, 20), (60, 600, 50)])
        == [.paused, .paused, .sampling, .normal, .normal])
  }
}
