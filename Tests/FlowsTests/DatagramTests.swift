// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// DNS over UDP, from events to records.
@Suite struct DatagramTests {
  static let question: [UInt8] =
    [7] + Array("example".utf8) + [3] + Array("com".utf8) + [0, 0, 1, 0, 1]

  static func query(_ identifier: UInt8) -> [UInt8] {
    [0x12, identifier, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0] + question
  }

  static func answer(_ identifier: UInt8) -> [UInt8] {
    [0x12, identifier, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question
      + [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4]
  }

  /// A resolver asks on an unconnected socket: what it receives does not say from whom.
  @Test func aResolversCallHasBothEnds() throws {
    var connection = Connection(serverPort: 53, isKnown: false)
    connection.transport = .udp
    connection.server.isObserved = false
    connection.server.address = IPAddress(v4: 0x0a00_0035)
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    pipeline.feed(connection.send(.client, Self.query(1), at: dawn))
    pipeline.feed(connection.send(.client, Self.query(2), at: dawn + 1_000))
    for identifier: UInt8 in [2, 1] {
      var answer = connection.send(.server, Self.answer(identifier), at: dawn + 1_000_000)
      for index in answer.indices {
        answer[index].event.remote = .unspecified
        answer[index].event.remotePort = 0
      }
      pipeline.feed(answer)
    }
    let batch = pipeline.takeBatch()
    #expect(batch.calls.count == 2)
    for call in batch.calls {
      #expect(call.observationPoint == .clientProcess)
      #expect(call.status == .ok)
      #expect(call.server.port == 53)
      #expect(call.server.address == connection.server.address)
      #expect(batch.string(call.texts.requestResource).hasPrefix("example.com"))
    }
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
  }

  /// Anybody may send a datagram: one that is nonsense costs nothing but itself.
  @Test func oneBadDatagramIsCountedAndForgotten() {
    var connection = Connection(serverPort: 53, isKnown: false)
    connection.transport = .udp
    connection.client.isObserved = false
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    pipeline.feed(connection.send(.client, Self.query(1), at: dawn))
    pipeline.feed(connection.send(.client, [1, 2, 3], at: dawn + 1_000))
    pipeline.feed(connection.send(.server, Self.answer(1), at: dawn + 1_000_000))
    #expect(pipeline.takeBatch().calls.count == 1)
    #expect(
      pipeline.tallies.conversations.dropped == [Tally.Drop(reason: .parseFailed, count: 1)])
  }
}
