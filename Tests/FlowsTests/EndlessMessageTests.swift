// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// A message whose end does not come is read as far as a stream keeps bytes, however it is cut.
struct EndlessMessageTests {
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [7, 700, 1_448, 29_000, 30_001, 32_767, 32_768, 40_000, 70_000])
  func pipelineGoesOn(size: Int) {
    var connection = Connection(serverPort: 7_000)
    connection.client.isObserved = false
    connection.captureLimit = 1 << 20
    var pipeline = FlowPipeline(protocols: [Lines()])
    let line = Array("?".utf8) + Array(repeating: UInt8(ascii: "a"), count: 70_000)
    var time = dawn
    var rest = line[...]
    while !rest.isEmpty {
      for observation in connection.send(.client, Array(rest.prefix(size)), at: time) {
        pipeline.feed([observation])
      }
      rest = rest.dropFirst(size)
      time += 1_000
    }
    pipeline.finish(now: Timestamp(nanoseconds: time))
    #expect(pipeline.pendingCount == 0)
    #expect(pipeline.tallies.conversations.balances)
    #expect(pipeline.footprint < 16 << 20)
  }
}
