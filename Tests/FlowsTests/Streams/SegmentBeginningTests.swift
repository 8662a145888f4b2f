// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Connections that are tried several times before one is answered.
@Suite struct SegmentBeginningTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// What comes before the data, given the numbers before the first bytes of client and server.
    var begin: @Sendable (WireConnection, UInt32, UInt32) -> [WireFrame]

    var testDescription: String { name }
  }

  /// A packet of `side` without data.
  static func frame(
    _ connection: WireConnection, _ side: Side, _ flags: UInt16, _ sequence: UInt32,
    acknowledging: UInt32 = 0, at time: Int64
  ) -> WireFrame {
    var connection = connection
    if side == .client {
      connection.server.sequence = acknowledging
    } else {
      connection.client.sequence = acknowledging
    }
    return connection.frame(
      side, [], flags: flags, sequence: sequence, at: dawn - 10_000_000 + time)
  }

  static let cases = [
    Case(name: "a SYN, then another that is answered") { wire, client, server in
      [
        frame(wire, .client, 2, 77_000_000, at: 0), frame(wire, .client, 2, client, at: 1_000),
        frame(wire, .server, 0x12, server, acknowledging: client &+ 1, at: 2_000),
        frame(wire, .client, 0x10, client &+ 1, acknowledging: server &+ 1, at: 3_000),
      ]
    },
    Case(name: "three SYNs, the first is answered") { wire, client, server in
      [
        frame(wire, .client, 2, client, at: 0), frame(wire, .client, 2, 5, at: 1_000),
        frame(wire, .client, 2, 3_000_000_000, at: 1_500),
        frame(wire, .server, 0x12, server, acknowledging: client &+ 1, at: 2_000),
        frame(wire, .client, 0x10, client &+ 1, acknowledging: server &+ 1, at: 3_000),
      ]
    },
    Case(name: "the first SYN comes again behind the answer") { wire, client, server in
      [
        frame(wire, .client, 2, 5, at: 0), frame(wire, .client, 2, client, at: 1_000),
        frame(wire, .server, 0x12, server, acknowledging: client &+ 1, at: 2_000),
        frame(wire, .client, 2, 5, at: 2_500),
        frame(wire, .client, 0x10, client &+ 1, acknowledging: server &+ 1, at: 3_000),
      ]
    },
    Case(name: "answers under two numbers, the first counts") { wire, client, server in
      [
        frame(wire, .client, 2, client, at: 0),
        frame(wire, .server, 0x12, server, acknowledging: client &+ 1, at: 2_000),
        frame(wire, .server, 0x12, 900_000_000, acknowledging: client &+ 1, at: 2_500),
        frame(wire, .client, 0x10, client &+ 1, acknowledging: server &+ 1, at: 3_000),
      ]
    },
    Case(name: "an answer of an older connection, then a new try") { wire, client, server in
      [
        frame(wire, .client, 2, 5, at: 0),
        frame(wire, .server, 0x10, 800_000_000, acknowledging: 700_000_000, at: 500),
        frame(wire, .client, 2, client, at: 1_000),
        frame(wire, .server, 0x12, server, acknowledging: client &+ 1, at: 2_000),
        frame(wire, .client, 0x10, client &+ 1, acknowledging: server &+ 1, at: 3_000),
      ]
    },
    Case(name: "the SYNs alone") { wire, client, _ in
      [frame(wire, .client, 2, 5, at: 0), frame(wire, .client, 2, client, at: 1_000)]
    },
  ]

  @Test(arguments: cases) func theCallIsSeen(it: Case) {
    var connection = WireConnection()
    connection.server.port = 80
    let before = (connection.client.sequence &- 1, connection.server.sequence &- 1)
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(it.begin(connection, before.0, before.1))
    pipeline.feed(connection.send(.client, UnusualRequestTests.get, at: dawn))
    pipeline.feed(connection.send(.server, UnusualRequestTests.response(200), at: dawn + 1_000_000))
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.map(\.responseCode) == [200])
    #expect(batch.flows.allSatisfy { $0.figures.sentRetransmissions <= 3 })
    #expect(batch.flows.allSatisfy { $0.figures.receivedRetransmissions <= 1 })
    #expect(batch.flows.allSatisfy { $0.figures.sentOutOfOrder == 0 })
    #expect(pipeline.tallies.segments.droppedTotal == 0)
  }
}
