// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// One connection whose bytes are seen twice: as cipher text on the wire, and as plain text.
@Suite struct PlaneTests {
  /// A call each turn: the cipher text of it, longer by the records' heads, then the plain text.
  private static func talk(
    _ turns: [(Side, String)], losing lost: Set<Int> = []
  ) -> [Observation] {
    var wire = PairingTests.connection()
    var plain = wire
    var seen: [Observation] = []
    for (index, (side, text)) in turns.enumerated() {
      let time = dawn + Int64(index) * 100_000
      let place = wire.end(side).sequence
      let cipher = [UInt8](repeating: 0x17, count: 5) + text.utf8.map { $0 ^ 0xa5 } + [1, 2, 3]
      seen += wire.send(side, cipher, at: time)
      for var one in plain.send(side, text, at: time + 1_000) where !lost.contains(index) {
        one.event.flags = .tls
        one.event.sequence = place
        seen.append(one)
      }
    }
    return seen
  }

  @Test func plainTextIsReadAndCipherTextIsGivenUp() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(
      Self.talk([(.client, "?a\n"), (.server, "=1\n"), (.client, "?b\n"), (.server, "=2\n")]))
    #expect(pipeline.conversationCount == 2)
    let batch = pipeline.takeBatch()
    #expect(PairingTests.calls(batch) == ["a -> 1", "b -> 2"])
    #expect(batch.calls.allSatisfy { $0.flags.contains(.tls) })
    // The places are those of the cipher text: eight bytes more each.
    let connection = PairingTests.connection()
    let (asked, answered) = (connection.client.sequence, connection.server.sequence)
    #expect(batch.calls.map(\.requestSequence) == [asked, asked &+ 11])
    #expect(batch.calls.map(\.responseSequence) == [answered, answered &+ 11])
    var verdicts: [SocketVerdict] = []
    pipeline.takeVerdicts(into: &verdicts)
    #expect(verdicts == [SocketVerdict(socket: connection.client.socket, .nothing)])
    #expect(pipeline.tallies.calls.passed == 2)
  }

  @Test func aMessageInSeveralCallsBeginsWhereItsFirstDid() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(Self.talk([(.client, "?lo"), (.client, "ng\n"), (.server, "=1\n")]))
    let batch = pipeline.takeBatch()
    #expect(PairingTests.calls(batch) == ["long -> 1"])
    #expect(batch.calls.map(\.requestSequence) == [PairingTests.connection().client.sequence])
  }

  /// Only the count of the calls tells that plain text is missing.
  @Test func aCallThatIsMissingPairsNothingWrongly() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(
      Self.talk(
        [
          (.client, "?a\n"), (.server, "=1\n"), (.client, "?b\n"), (.server, "=2\n"),
          (.client, "?c\n"), (.server, "=3\n"), (.client, "?d\n"), (.server, "=4\n"),
        ], losing: [3]))
    let calls = PairingTests.calls(pipeline.takeBatch())
    #expect(!calls.contains("b -> 3") && !calls.contains("c -> 4"))
    #expect(calls.contains("a -> 1") && calls.contains("d -> 4"))
  }

  @Test func theEndOfASocketEndsBothPlanes() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(Self.talk([(.client, "?a\n"), (.server, "=1\n")]))
    var connection = PairingTests.connection()
    connection.client.isObserved = true
    pipeline.feed(connection.close(at: dawn + 1_000_000))
    #expect(pipeline.conversationCount == 0)
  }

  @Test func whatIsNotUnderstoodIsMutedInItsPlane() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    var turns: [(Side, String)] = []
    for _ in 0..<200 { turns += [(.client, "hello"), (.server, "world")] }
    pipeline.feed(Self.talk(turns))
    var verdicts: [SocketVerdict] = []
    pipeline.takeVerdicts(into: &verdicts)
    let socket = PairingTests.connection().client.socket
    #expect(
      verdicts == [
        SocketVerdict(socket: socket, plane: .wire, .nothing),
        SocketVerdict(socket: socket, plane: .plainText, .nothing),
      ])
  }
}
