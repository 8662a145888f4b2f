// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Streams that are cut, lost, reordered or joined late.
@Suite struct StreamTests {
  static let calls = PairingTests.calls

  @Test func aResponseSplitOverManyReadsEndsWithItsLastByte() throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(connection.send(.client, "?a\n", at: dawn))
    for (index, piece) in ["=2", "00", "(6)\n", "abc", "def"].enumerated() {
      #expect(pipeline.takeBatch().calls.isEmpty)
      pipeline.feed(connection.send(.server, piece, at: dawn + Int64(index + 1) * 1_000_000))
    }
    let batch = pipeline.takeBatch()
    #expect(Self.calls(batch) == ["a -> 200"])
    let call = try #require(batch.calls.first)
    #expect(call.end.nanoseconds == dawn + 5_020_000)
    #expect(call.capturedResponseBytes == 14)
    #expect(call.hasDuration)
  }

  @Test func aBodyBeyondTheCaptureIsPassedOver() {
    var connection = PairingTests.connection()
    connection.captureLimit = 8
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(connection.send(.client, "?a\n", at: dawn))
    let body = String(repeating: "x", count: 5_000)
    pipeline.feed(connection.send(.server, "=1(5000)\n" + body, at: dawn + 1_000))
    pipeline.feed(connection.send(.client, "?b\n", at: dawn + 2_000_000))
    pipeline.feed(connection.send(.server, "=2(5000)\n" + body.prefix(2_000), at: dawn + 3_000_000))
    pipeline.feed(connection.send(.server, String(body.prefix(3_000)), at: dawn + 4_000_000))
    pipeline.feed(connection.send(.client, "?c\n", at: dawn + 5_000_000))
    pipeline.feed(connection.send(.server, "=3\n", at: dawn + 6_000_000))
    let batch = pipeline.takeBatch()
    // The cut heads say only how far they go: the lines end where the capture does.
    #expect(batch.calls.count == 3)
    #expect(pipeline.tallies.conversations.balances)
  }

  /// What hides a message's start is counted, and the next chunk is read again.
  @Test func aHoleInAPipelineIsCounted() {
    let talked = PairingTests.talk(
      (.client, "?a#1\n?b#2\n"), (.client, "?c#3\n"), (.server, "=3#3\n"), (.server, "=1#1\n"),
      protocols: PairingTests.numbered, captureLimit: 6)
    #expect(talked.calls == ["c -> 3", "a -> 1"])
    let tally = talked.tallies.conversations
    #expect(tally.dropped == [Tally.Drop(reason: .streamGap, count: 1)])
    #expect(tally.balances)
  }

  @Test func aLostEventIsAGap() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.numbered)
    pipeline.feed(connection.send(.client, "?a#1\n", at: dawn))
    _ = connection.send(.client, "?lost#2\n", at: dawn + 1_000)
    pipeline.feed(connection.send(.client, "?c#3\n", at: dawn + 2_000))
    pipeline.feed(connection.send(.server, "=1#1\n", at: dawn + 3_000))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 400_000_000))
    pipeline.feed(connection.send(.server, "=3#3\n", at: dawn + 500_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["a -> 1", "c -> 3"])
    #expect(
      pipeline.tallies.conversations.dropped == [Tally.Drop(reason: .streamGap, count: 1)])
  }

  /// Better no answer than another's.
  @Test func aLostAnswerLeavesItsRequestWithout() {
    let talked = PairingTests.talk(
      (.client, "?a\n?b\n"), (.server, "=1(2)\nxx=2\n"), (.client, "?c\n"), (.server, "=3\n"),
      captureLimit: 6)
    #expect(talked.calls == ["a -> 1", "b -> status 5", "c -> 3"])
  }

  @Test func chunksOutOfOrderAndTwiceAreReadOnceInOrder() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(connection.send(.client, "?a\n", at: dawn))
    let second = connection.send(.client, "?b\n", at: dawn + 1_000)
    let third = connection.send(.client, "?c\n", at: dawn + 2_000)
    pipeline.feed(third)
    pipeline.feed(second)
    pipeline.feed(second)
    pipeline.feed(third)
    pipeline.feed(connection.send(.server, "=1\n=2\n=3\n", at: dawn + 3_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["a -> 1", "b -> 2", "c -> 3"])
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
  }

  /// Two threads sent at a time, and the probe saw both only after the second: both name a place that
  /// ends where the stream ends. It does not matter which is told first.
  @Test(arguments: [false, true])
  func twoSendersAtATimeAreBothRead(secondFirst: Bool) {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.numbered)
    pipeline.feed(connection.send(.client, "?a#1\n", at: dawn))
    let end = connection.client.sequence &+ 13
    var sends = ["?b#2\n", "?long#3\n"].map { text in
      var observed = connection.send(.client, text, at: dawn + 1_000)
      observed[0].event.sequence = end &- UInt32(text.utf8.count)
      return observed
    }
    #expect(connection.client.sequence == end)
    if secondFirst { sends.reverse() }
    for observations in sends { pipeline.feed(observations) }
    pipeline.feed(connection.send(.server, "=3#3\n=1#1\n=2#2\n", at: dawn + 3_000))
    #expect(Set(Self.calls(pipeline.takeBatch())) == ["a -> 1", "b -> 2", "long -> 3"])
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
  }

  @Test func aBodyUntilTheTurnEndsWithItsLastByte() throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(connection.send(.client, "?a\n", at: dawn))
    pipeline.feed(connection.send(.server, "*1\nrow", at: dawn + 1_000_000))
    pipeline.feed(connection.send(.server, "row row", at: dawn + 2_000_000))
    #expect(pipeline.takeBatch().calls.isEmpty)
    pipeline.feed(connection.send(.client, "?b\n", at: dawn + 9_000_000))
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.end.nanoseconds == dawn + 2_020_000)
    pipeline.feed(connection.send(.server, "*2\nrow", at: dawn + 10_000_000))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 2_000_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["b -> 2"])
  }

  /// A pooled connection is usually joined in the middle of something.
  @Test func aConversationJoinedInABodyIsUnderstoodAtItsNextTurn() {
    var connection = Connection(serverPort: 7_000, isKnown: false)
    connection.server.isObserved = false
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    for index in 0..<3 {
      pipeline.feed(connection.send(.server, "row row row", at: dawn + Int64(index) * 1_000))
    }
    pipeline.feed(connection.send(.client, "?a\n", at: dawn + 1_000_000))
    pipeline.feed(connection.send(.server, "=1\n", at: dawn + 2_000_000))
    let batch = pipeline.takeBatch()
    #expect(Self.calls(batch) == ["a -> 1"])
    #expect(batch.calls.first?.observationPoint == .clientProcess)
    #expect((64..<255).contains(batch.calls.first?.directionScore ?? 0))
  }

  @Test func anUnknownProtocolIsMutedAndLookedAtAgain() {
    var limits = FlowLimits()
    limits.recognitionTurns = 4
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for index in 0..<10 {
      pipeline.feed(connection.send(.client, "hello", at: dawn + Int64(index) * 2_000))
      pipeline.feed(connection.send(.server, "world", at: dawn + Int64(index) * 2_000 + 1_000))
    }
    var verdicts: [SocketVerdict] = []
    pipeline.takeVerdicts(into: &verdicts)
    let socket = connection.client.socket
    #expect(verdicts == [SocketVerdict(socket: socket, .nothing)])
    let tally = pipeline.tallies.conversations
    #expect(tally.dropped == [Tally.Drop(reason: .unknownProtocol, count: 20)])
    #expect(tally.received == 20)

    pipeline.flush(now: Timestamp(nanoseconds: dawn + 61_000_000_000))
    verdicts = []
    pipeline.takeVerdicts(into: &verdicts)
    #expect(verdicts == [SocketVerdict(socket: socket, .init(1_024))])
    pipeline.feed(connection.send(.client, "?a\n", at: dawn + 62_000_000_000))
    pipeline.feed(connection.send(.server, "=1\n", at: dawn + 62_001_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["a -> 1"])
  }

  @Test func bytesThatAreNotTheProtocolGiveItUpAndItIsFoundAgain() {
    let talked = PairingTests.talk(
      (.client, "?a\n"), (.server, "nonsense\n"), (.client, "?b\n"), (.server, "=2\n"))
    #expect(talked.calls == ["a -> status 5", "b -> 2"])
    let tally = talked.tallies.conversations
    #expect(tally.dropped == [Tally.Drop(reason: .parseFailed, count: 1)])
    #expect(tally.balances)
  }
}
