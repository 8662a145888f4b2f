// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The runs that the fuzzer of the engine makes, by seeds. One test, as the toy parsers count what they
/// hand out in one place.
@Suite(.serialized) struct EngineScriptTests {
  @Test func everyRequestLeavesExactlyOnce() {
    for seed: UInt64 in 0..<600 {
      var dice = SeededGenerator(seed: seed)
      let bytes = dice.bytes(count: 100 + dice.roll(2_400))
      let faults = EngineScript.run(bytes)
      #expect(faults.isEmpty, "seed \(seed): \(faults)")
      if !faults.isEmpty { break }
    }
  }
}
