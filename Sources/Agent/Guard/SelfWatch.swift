// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// Looks at the agent's own use of the host once a second and says how much load to shed.
struct SelfWatch {
  private var loadGuard: LoadGuard
  private var lastUsage: SelfUsage?

  init(_ configuration: AgentConfiguration) {
    loadGuard = LoadGuard(
      processorLimit: configuration.processorLimit, memoryLimit: configuration.memoryLimit)
  }

  var level: LoadGuard.Level { loadGuard.level }

  /// Takes a sample and tells it to `gauges`; the level from now on.
  mutating func look(_ gauges: AgentGauges) -> LoadGuard.Level {
    guard let usage = try? SelfUsage.now() else { return loadGuard.level }
    if let last = lastUsage {
      let used = usage.processorNanoseconds &- last.processorNanoseconds
      _ = loadGuard.take(
        LoadGuard.Sample(
          processor: Int(truncatingIfNeeded: used / 10_000_000),
          residentBytes: Int(truncatingIfNeeded: usage.residentBytes)))
    }
    lastUsage = usage
    let level = loadGuard.level
    gauges.update {
      $0.shedding = level
      $0.residentBytes = usage.residentBytes
      $0.processorNanoseconds = usage.processorNanoseconds
    }
    return level
  }
}
