// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Batches whose metrics are those of their calls.
@Suite struct BatchRollupTests {
  @Test func eachBatchHasTheSecondsOfItsOwnCalls() {
    var limits = FlowLimits()
    limits.rollsUpByBatch = true
    var pipeline = FlowPipeline(limits: limits, protocols: builtInProtocols)
    var http = Connection(number: 2, serverPort: 80)
    var all: UInt64 = 0
    for round in 0..<100 {
      let time = dawn + Int64(round) * 700_000_000
      pipeline.feed(http.send(.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: time))
      pipeline.feed(
        http.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", at: time + 100_000))
      if round % 3 == 0 { pipeline.flush(now: Timestamp(nanoseconds: time + 300_000_000)) }
      let batch = pipeline.takeBatch()
      #expect(batch.metrics.allSatisfy { $0.interval == 1 })
      let requests = batch.metrics.reduce(0) { $0 + $1.requests }
      #expect(requests == UInt64(batch.calls.count))
      all += requests
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 100_000_000_000))
    #expect(pipeline.takeBatch().metrics.isEmpty)
    #expect(all == 200)
  }
}
