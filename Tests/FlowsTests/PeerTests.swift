// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Who the other end is, where that is a socket of the same host.
@Suite struct PeerTests {
  /// An answer without a length ends with its connection, so one of the ends is gone when its record
  /// is written: each record names both all the same.
  @Test(arguments: [Side.client, .server])
  func anAnswerThatEndsWithItsConnectionNamesBothEnds(first: Side) throws {
    var connection = Connection()
    var pipeline = FlowPipeline(protocols: HTTPStreamTests.http)
    pipeline.feed(connection.send(.client, HTTPStreamTests.get, at: dawn))
    let answer = "HTTP/1.0 404 Not Found\r\nServer: s\r\n\r\nno such item"
    pipeline.feed(connection.send(.server, answer, at: dawn + 1_000_000))
    for (index, side) in [first, first.other].enumerated() {
      let time = dawn + Int64(index + 2) * 1_000_000
      pipeline.feed([Observation(event: connection.event(.closed, side, at: time), payload: [])])
    }
    let calls = pipeline.takeBatch().calls
    #expect(calls.map(\.responseCode) == [404, 404])
    #expect(calls.allSatisfy { $0.client.process == connection.client.process })
    #expect(calls.allSatisfy { $0.client.thread == connection.client.thread })
    #expect(calls.allSatisfy { $0.server.process == connection.server.process })
  }

  /// A slot that another connection took over forgets who the earlier one's other end was.
  @Test func aLaterConnectionInheritsNoPeer() throws {
    var pipeline = FlowPipeline(protocols: HTTPStreamTests.http)
    var earlier = Connection()
    pipeline.feed(earlier.send(.client, HTTPStreamTests.get, at: dawn))
    pipeline.feed(earlier.send(.server, HTTPStreamTests.empty, at: dawn + 1_000_000))
    pipeline.feed(earlier.close(at: dawn + 2_000_000))
    _ = pipeline.takeBatch()
    var later = Connection()
    later.client.isObserved = false
    later.client.port += 1
    later.server.socket += 100
    pipeline.feed(later.send(.client, HTTPStreamTests.get, at: dawn + 3_000_000))
    pipeline.feed(later.send(.server, HTTPStreamTests.empty, at: dawn + 4_000_000))
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.client.process == .unknown)
  }
}
