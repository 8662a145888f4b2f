// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// Looks at the agent's own use of the host once a second and says how much load to shed, and how
/// much memory to give back.
struct SelfWatch {
  private var loadGuard: LoadGuard
  private var lastUsage: SelfUsage?

  init(_ configuration: AgentConfiguration) {
    loadGuard = LoadGuard(
      processorLimit: configuration.processorLimit, memoryLimit: configuration.memoryLimit)
  }

  var level: LoadGuard.Level { loadGuard.level }

  /// Takes a sample and tells it to `gauges`; the level from now on.
  ///
  /// Of memory it looks at what is the agent's alone: its tables, buffers and batches. Pages of files
  /// are the kernel's to take back, and the rings have sizes of their own.
  mutating func look(_ gauges: AgentGauges) -> LoadGuard.Level {
    guard let usage = try? SelfUsage.now() else {
      gauges.update { $0.unreadSamples += 1 }
      return loadGuard.level
    }
    var relief: Double?
    if let last = lastUsage {
      let used = usage.processorNanoseconds &- last.processorNanoseconds
      let sample = LoadGuard.Sample(
        processor: Int(truncatingIfNeeded: used / 10_000_000),
        memory: Int(truncatingIfNeeded: usage.privateBytes))
      _ = loadGuard.take(sample)
      relief = loadGuard.relief(sample)
    }
    lastUsage = usage
    let level = loadGuard.level
    gauges.update {
      $0.shedding = level
      $0.residentBytes = usage.residentBytes
      $0.privateBytes = usage.privateBytes
      $0.processorNanoseconds = usage.processorNanoseconds
      if let relief { $0.relief = AgentGauges.Relief(number: $0.relief.number + 1, share: relief) }
    }
    return level
  }
}
