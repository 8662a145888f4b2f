// SPDX-License-Identifier: Apache-2.0

import Capture

/// One pipeline's part in giving memory back when the agent has too much.
struct MemoryRelief {
  private var answered: UInt64 = 0

  /// What the pipeline is to shrink to, once for each time that it is asked for; nil when it may keep
  /// what it has.
  mutating func target(_ gauges: AgentGauges, footprint: Int) -> Int? {
    let asked = gauges.current.relief
    guard asked.number != answered else { return nil }
    answered = asked.number
    return Int(Double(footprint) * asked.share)
  }

  /// After a pipeline has shrunk: what it freed goes back to the host.
  static func returnFreed() {
    LargeBlocks.returnFreed()
  }
}
