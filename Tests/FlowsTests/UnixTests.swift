// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Calls through UNIX sockets, whose ends have no addresses.
@Suite struct UnixTests {
  /// Both ends on this host. The client does not know the server's cookie when it sends first.
  private static func observe(
    _ connection: inout Connection, path: String, _ turns: (Side, String)...
  ) -> [Observation] {
    var observations: [Observation] = []
    for side in [Side.client, .server] {
      observations.append(
        Observation(event: connection.event(.opened, side, at: dawn), payload: Array(path.utf8)))
    }
    for (index, (side, text)) in turns.enumerated() {
      observations += connection.send(side, text, at: dawn + Int64(index) * 100_000)
    }
    return observations.enumerated().map { index, observation in
      var observation = observation
      observation.event.transport = .unix
      observation.event.local = .unspecified
      observation.event.remote = .unspecified
      observation.event.localPort = 0
      observation.event.remotePort = 0
      let isClient = observation.event.socket == connection.client.socket
      let peer = isClient ? connection.server.socket : connection.client.socket
      observation.event.peer = isClient && index < 3 ? 0 : peer
      return observation
    }
  }

  @Test func bothSidesAreRecordedWithBothProcessesAndThePath() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    for number in 1...3 {
      var connection = Connection(number: UInt64(number))
      connection.client.process.pid += UInt32(number)
      connection.server.process.pid += UInt32(number)
      let path = "/run/shop\(number).sock"
      pipeline.feed(
        Self.observe(&connection, path: path, (.client, "?a\n"), (.server, "=1\n")))
      let batch = pipeline.takeBatch()
      #expect(PairingTests.calls(batch) == ["a -> 1", "a -> 1"])
      #expect(Set(batch.calls.map(\.observationPoint)) == [.clientProcess, .serverProcess])
      for call in batch.calls {
        #expect(call.transport == .unix && call.networkNamespace == 1)
        #expect(call.client.process == connection.client.process)
        #expect(call.server.process == connection.server.process)
        #expect(call.client.address.isUnspecified && call.server.address.isUnspecified)
        #expect(call.client.port == 0 && call.server.port == 0)
        #expect(batch.string(call.texts.requestDomain) == path)
        #expect(call.directionScore == 255)
      }
      #expect(Set(batch.calls.map(\.requestSequence)).count == 1)
      #expect(Set(batch.calls.map(\.responseSequence)).count == 1)
    }
  }
}
