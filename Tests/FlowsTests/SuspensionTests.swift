// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Protocols that are not read any more.
@Suite struct SuspensionTests {
  /// Others are read as ever.
  @Test(arguments: Suspension.allCases) func conversationsAreCountedUnderAReasonOfTheirOwn(
    suspension: Suspension
  ) {
    let protocols = builtInProtocols.map { kind in
      kind.descriptor.name == "Redis" ? suspension.standIn(for: kind) : kind
    }
    var pipeline = FlowPipeline(protocols: protocols)
    var redis = Connection(number: 1, serverPort: 6_379)
    var http = Connection(number: 2, serverPort: 80)
    for round in 0..<3 {
      let time = dawn + Int64(round) * 1_000_000
      pipeline.feed(redis.send(.client, "*1\r\n$4\r\nPING\r\n", at: time))
      pipeline.feed(redis.send(.server, "+PONG\r\n", at: time + 100_000))
      pipeline.feed(http.send(.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: time + 200_000))
      pipeline.feed(
        http.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", at: time + 300_000))
    }
    let calls = pipeline.takeBatch().calls
    #expect(calls.count == 6)
    #expect(calls.allSatisfy { $0.applicationProtocol.rawValue == 20 })
    let tally = pipeline.tallies.conversations
    #expect(tally.dropped == [Tally.Drop(reason: .protocolSuspended, count: 12)])
    #expect(tally.balances)
  }
}
