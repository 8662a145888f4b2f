// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// What stays allocated after many calls: nothing grows with them.
@Suite(.serialized) struct AllocationTests {
  /// The pipeline's own buffers are at their size after a while; records leave by swapping batches.
  @Test func buffersStopGrowing() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    var batch = RecordBatch()
    var time = dawn
    func round(_ connection: inout Connection, _ pipeline: inout FlowPipeline) -> [Int] {
      for _ in 0..<2_000 {
        time += 1_000_000
        pipeline.feed(connection.send(.client, "?/a\n", at: time))
        pipeline.feed(connection.send(.server, "=200\n", at: time + 300_000))
      }
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.takeBatch(into: &batch)
      return [
        batch.calls.capacity, batch.text.capacity, batch.metrics.capacity, batch.losses.capacity,
      ]
    }
    for _ in 0..<4 { _ = round(&connection, &pipeline) }
    let (first, second) = (round(&connection, &pipeline), round(&connection, &pipeline))
    for _ in 0..<20 { _ = round(&connection, &pipeline) }
    #expect(round(&connection, &pipeline) == first)
    #expect(round(&connection, &pipeline) == second)
    #expect(pipeline.pendingCount == 0)
    #expect(pipeline.conversationCount == 1)
  }
}
