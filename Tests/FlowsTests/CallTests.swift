// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Calls of HTTP connections, from events to records.
@Suite struct CallTests {
  @Test func aCallInsideTheHostIsOneRecordOnEachSide() throws {
    var connection = Connection()
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    pipeline.feed(connection.send(.client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", at: dawn))
    pipeline.feed(
      connection.send(
        .server, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", at: dawn + 1_000_000))
    let batch = pipeline.takeBatch()
    #expect(batch.calls.count == 2)
    let points = batch.calls.map(\.observationPoint)
    #expect(Set(points) == [.clientProcess, .serverProcess])
    for call in batch.calls {
      #expect(call.kind == .session)
      #expect(call.status == .clientError)
      #expect(call.responseCode == 404)
      #expect(batch.string(call.texts.requestType) == "GET")
      #expect(call.client.process.pid == 100)
      #expect(call.server.process.pid == 200)
      #expect(call.client.port == 40_001)
      #expect(call.server.port == 80)
      #expect(call.directionScore == 255)
      #expect(call.requestSequence == 4_294_967_000)
      #expect(call.responseSequence == 5_000)
      #expect(call.captureSequenceRequest == 1)
      #expect(call.captureSequenceResponse == 2)
    }
    let client = try #require(batch.calls.first { $0.observationPoint == .clientProcess })
    #expect(client.start.nanoseconds == dawn)
    #expect(client.end.nanoseconds == dawn + 1_020_000)
    let server = try #require(batch.calls.first { $0.observationPoint == .serverProcess })
    #expect(server.start.nanoseconds == dawn + 20_000)
    #expect(server.end.nanoseconds == dawn + 1_005_000)
    #expect(server.syscallTraceRequest == server.syscallTraceResponse)
    #expect(server.syscallTraceRequest != 0)
    #expect(client.syscallTraceRequest == 0)
  }
}
