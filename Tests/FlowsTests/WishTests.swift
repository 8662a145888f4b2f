// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// What the probe is asked to copy.
@Suite struct WishTests {
  private typealias Wanted = SocketVerdict.Wanted

  /// The verdicts that come of a conversation whose turns are 10 us apart.
  private static func verdicts(
    _ turns: (Side, [UInt8])..., isKnown: Bool = true, captureLimit: Int = 1_024,
    protocols: [any ProtocolKind] = PairingTests.ordered
  ) -> [SocketVerdict] {
    var connection = Connection(serverPort: 7_000, isKnown: isKnown)
    connection.server.isObserved = false
    connection.captureLimit = captureLimit
    var pipeline = FlowPipeline(protocols: protocols)
    for (index, (side, bytes)) in turns.enumerated() {
      pipeline.feed(connection.send(side, bytes, at: dawn + Int64(index) * 10_000))
    }
    var verdicts: [SocketVerdict] = []
    pipeline.takeVerdicts(into: &verdicts)
    return verdicts
  }

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// A short connection costs no verdict: the probe copies what asks whole by itself.
  @Test func nothingIsSaidOfAKnownSocketWhoseAnswersHaveBodies() {
    #expect(
      Self.verdicts((.client, Self.bytes("?a\n")), (.server, Self.bytes("=1\n"))).isEmpty)
  }

  @Test func theProbeIsToldWhichDirectionAsksIfItDoesNotKnow() {
    let verdicts = Self.verdicts((.client, Self.bytes("?a\n")), isKnown: false)
    #expect(verdicts == [SocketVerdict(socket: 2, egress: Wanted(1 << 20), ingress: Wanted(1_024))])
  }

  @Test func answersAreCopiedAsTheirProtocolNeedsIt() {
    let redis = Self.verdicts(
      (.client, Self.bytes("*1\r\n$4\r\nPING\r\n")), protocols: [Redis()])
    #expect(redis == [SocketVerdict(socket: 2, Wanted(1 << 20))])
    let query: [UInt8] = Array("Q".utf8) + [0, 0, 0, 13] + Array("SELECT 1".utf8) + [0]
    let results = Self.verdicts((.client, query), protocols: [PostgreSQL()])
    #expect(
      results == [
        SocketVerdict(
          socket: 2, egress: Wanted(1 << 20), ingress: Wanted(65_536, hasTail: true))
      ])
  }

  @Test func answersThatAreCutWhereAParserReadsAreCopiedFurther() {
    let verdicts = Self.verdicts(
      (.client, Self.bytes("?a\n?b\n")), (.server, Self.bytes("=1\n=2222222\n")),
      captureLimit: 8)
    #expect(verdicts.map(\.ingress) == [Wanted(16_384)])
    #expect(verdicts.map(\.egress) == [Wanted(1 << 20)])
  }

  /// While a long body is under way nothing of it is copied, and all again before its end.
  @Test func nothingIsCopiedOfALongBody() {
    let body = 6 << 20
    let part = [UInt8](repeating: 0x78, count: 1 << 20)
    let verdicts = Self.verdicts(
      (.client, Self.bytes("?a(\(body))\n")), (.client, part), (.client, part), (.client, part),
      (.client, part), (.client, part), (.client, part))
    #expect(verdicts.map(\.egress) == [Wanted(0), Wanted(1 << 20)])
  }

  /// A snapshot, and the commands that a master sends behind it, are nobody's calls.
  @Test func nothingIsCopiedOfWhatNobodyWillRead() {
    let verdicts = Self.verdicts(
      (.client, Self.bytes("*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n")),
      (.server, Self.bytes("+FULLRESYNC 8 1\r\n")), (.server, Self.bytes("$99\r\nREDIS0011")),
      (.server, Self.bytes("xxxx")), protocols: [Redis()])
    #expect(verdicts.map(\.ingress) == [Wanted(1 << 20), Wanted(0)])
    #expect(verdicts.last?.egress == Wanted(1 << 20))
  }

  /// What the limits leave out of what a parser would have had to read is counted in bytes.
  @Test func bytesThatWereNeededAndNotCopiedAreCounted() {
    let talked = PairingTests.talk(
      (.client, "?a\n?b\n?c\n?d\n"), (.server, "=1\n"), captureLimit: 6)
    #expect(talked.tallies.bytes.dropped == [Tally.Drop(reason: .streamGap, count: 6)])
    #expect(talked.tallies.bytes.balances)
  }
}
