// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Messages that go on beside each other, and what requests leave for their answers.
@Suite struct StreamedCallTests {
  private func talk(_ turns: (Side, String)..., closes: Bool = false) -> RecordBatch {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: [StreamedLines()])
    for (index, (side, text)) in turns.enumerated() {
      pipeline.feed(connection.send(side, text, at: dawn + Int64(index) * 10_000))
    }
    if closes { pipeline.feed(connection.close(at: dawn + 1_000_000)) }
    let isBalanced = pipeline.tallies.calls.balances && pipeline.tallies.conversations.balances
    #expect(isBalanced)
    #expect(pipeline.pendingCount == 0)
    return pipeline.takeBatch()
  }

  @Test func answersGoOnBesideEachOtherAndEndByTheirIds() {
    let batch = talk(
      (.client, "?1 a\n?2 b\n+1 4\n"), (.server, "~1 200\n~2 200\n+1 3\n+2 1\n"),
      (.client, "+1 1\n"), (.server, "+1 2\n.2 500\n"), (.server, ".1 200\n"))
    #expect(
      PairingTests.calls(batch) == ["b -> 200", "a -> 200"])
    #expect(batch.calls.map(\.status) == [.serverError, .ok])
    #expect(batch.calls.map(\.responseMessages) == [1, 5])
    #expect(batch.calls.map(\.requestMessages) == [0, 5])
  }

  /// The end of the connection is the end of what goes on.
  @Test func whatGoesOnIsToldOfWhenTheConnectionEnds() {
    let batch = talk(
      (.client, "?1 a\n?2 b\n"), (.server, "~1 200\n+1 3\n"), closes: true)
    #expect(PairingTests.calls(batch) == ["a -> 200", "b -> status 5"])
  }

  /// Whoever asked may take it back, answered or not.
  @Test func whoAskedEndsItsCall() {
    let batch = talk(
      (.client, "?1 a\n?2 b\n"), (.server, "~1 200\n"), (.client, ".1 500\n.2 501\n"),
      (.server, ".1 200\n"))
    #expect(PairingTests.calls(batch) == ["a -> 200", "b -> 501"])
    #expect(batch.calls.map(\.status) == [.serverError, .serverError])
    #expect(batch.calls.map(\.kind) == [.session, .request])
  }

  @Test func anAnswerIsReadByWhatItsRequestLeft() {
    let batch = talk(
      (.client, "?1 a\n?2 four\n?1 sixsix\n"), (.server, "=2 200\n=1 200\n=1 200\n"))
    #expect(batch.calls.map { batch.string($0.texts.responseResult) } == ["4", "1", "6"])
  }

  /// Whoever subscribed stays the client of what it is sent, and answers.
  @Test func aPushOfTheServerLeavesClientAndServerWhoTheyAre() {
    let batch = talk(
      (.client, "?1 a\n"), (.server, "=1 200\n^1 news\n"), (.client, "=1 201\n"))
    #expect(PairingTests.calls(batch) == ["a -> 200", "news -> 201"])
    #expect(batch.calls[0].client == batch.calls[1].client)
    #expect(batch.calls[0].server == batch.calls[1].server)
    #expect(batch.calls.map { $0.flags.contains(.reversed) } == [false, true])
  }

  @Test func aMessageMaySpeakADialectOfItsOwn() {
    let batch = talk((.client, "?1 g.a\n?2 b\n"), (.server, "=1 200\n=2 200\n"))
    #expect(batch.calls.map(\.applicationProtocol.rawValue) == [204, 203])
    #expect(batch.calls.map(\.carrier.rawValue) == [203, 0])
  }

  @Test func attributesOfBothHalvesAreOneRun() {
    let batch = talk(
      (.client, "?1 a\n?2 b\n"), (.server, "~1 200\n=2 404\n.1 500\n"))
    let told = batch.calls.map { call in
      var walk = AttributeWalk(call.attributes, in: batch.text.span)
      var all: [String] = []
      while let (name, value) = walk.next(in: batch.text.span) {
        all.append("\(batch.string(name))=\(batch.string(value))")
      }
      return all
    }
    #expect(
      told == [
        ["lines.name=b", "lines.code=404"],
        ["lines.name=a", "lines.code=200", "lines.code=500"],
      ])
  }

  /// Each half that goes on has a timeout, that of what it speaks.
  @Test func aDialectHasItsOwnTimeout() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: [StreamedLines()])
    pipeline.feed(connection.send(.client, "?1 g.a\n?2 b\n", at: dawn))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 3_000_000_000))
    #expect(pipeline.pendingCount == 1)
    #expect(PairingTests.calls(pipeline.takeBatch()) == ["g.a -> status 2"])
  }
}
