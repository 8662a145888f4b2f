// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// How requests and responses find each other, seen from one side.
@Suite struct PairingTests {
  static let ordered: [any ProtocolKind] = [Lines()]
  static let numbered: [any ProtocolKind] = [NumberedLines()]

  /// A connection of which only the client's end is on the observed host.
  static func connection(_ number: UInt64 = 1) -> Connection {
    var connection = Connection(number: number, serverPort: 7_000)
    connection.server.isObserved = false
    connection.server.address = IPAddress(v4: 0x0a00_0001)
    return connection
  }

  /// The calls as `endpoint -> code` with the status where there is no code.
  static func calls(_ batch: RecordBatch) -> [String] {
    batch.calls.map { call in
      "\(batch.string(call.texts.endpoint)) -> "
        + (call.responseCode.map { "\($0)" } ?? "status \(call.status.rawValue)")
    }
  }

  /// What comes of a conversation whose turns are 10 us apart.
  struct Talked {
    var calls: [String]
    var tallies: FlowTallies
    var pendingCount: Int
  }

  static func talk(
    _ turns: (Side, String)..., protocols: [any ProtocolKind] = ordered,
    captureLimit: Int = 1_024, limits: FlowLimits = FlowLimits()
  ) -> Talked {
    var connection = Self.connection()
    connection.captureLimit = captureLimit
    var pipeline = FlowPipeline(limits: limits, protocols: protocols)
    for (index, (side, text)) in turns.enumerated() {
      pipeline.feed(connection.send(side, text, at: dawn + Int64(index) * 10_000))
    }
    return Talked(
      calls: Self.calls(pipeline.takeBatch()), tallies: pipeline.tallies,
      pendingCount: pipeline.pendingCount)
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() {
    let talked = Self.talk(
      (.client, "?a\n?b\n"), (.client, "?c\n"), (.server, "=1\n=2\n=3\n"))
    #expect(talked.calls == ["a -> 1", "b -> 2", "c -> 3"])
    #expect(talked.pendingCount == 0)
  }

  @Test func identifiersPairInAnyOrder() {
    let talked = Self.talk(
      (.client, "?a#7\n?b#9\n?c#8\n"), (.server, "=2#9\n=3#8\n=1#7\n"), protocols: Self.numbered)
    #expect(talked.calls == ["b -> 2", "c -> 3", "a -> 1"])
  }

  /// The oldest waits longest, so it is answered first, whatever ids a peer repeats.
  @Test func repeatedIdentifiersPairOldestFirst() {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.numbered)
    for index in 0..<40 {
      pipeline.feed(connection.send(.client, "?r\(index)#5\n", at: dawn + Int64(index) * 1_000))
    }
    pipeline.feed(connection.send(.server, "=1#5\n", at: dawn + 1_000_000))
    #expect(pipeline.takeBatch().calls.count == 1)
    #expect(pipeline.pendingCount == 39)
  }

  @Test func aMessageThatNeedsNoAnswerIsACallOfItsOwn() {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.ordered)
    pipeline.feed(connection.send(.client, "!bye\n", at: dawn))
    let batch = pipeline.takeBatch()
    #expect(batch.calls.map(\.kind) == [.session])
    #expect(batch.calls.first?.hasDuration == false)
  }

  @Test func anUnansweredRequestTimesOutAndItsLateAnswerIsNobodyElses() {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.ordered)
    pipeline.feed(connection.send(.client, "?slow\n", at: dawn))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 9_000_000_000))
    #expect(pipeline.takeBatch().calls.isEmpty)
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 11_000_000_000))
    let batch = pipeline.takeBatch()
    #expect(Self.calls(batch) == ["slow -> status 2"])
    #expect(batch.calls.first?.kind == .request)
    pipeline.feed(connection.send(.client, "?next\n", at: dawn + 12_000_000_000))
    pipeline.feed(connection.send(.server, "=1\n=2\n", at: dawn + 12_100_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["next -> 2"])
  }

  @Test func aBlockingRequestIsNoTimeout() {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.ordered)
    pipeline.feed(connection.send(.client, "?~wait\n", at: dawn))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 60_000_000_000))
    #expect(pipeline.takeBatch().calls.isEmpty)
    pipeline.feed(connection.send(.server, "=1\n", at: dawn + 61_000_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["wait -> 1"])
  }

  @Test func closeEndsWhatWaits() {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.ordered)
    pipeline.feed(connection.send(.client, "?a\n?b\n", at: dawn))
    pipeline.feed(connection.close(at: dawn + 1_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["a -> status 5", "b -> status 5"])
    #expect(pipeline.pendingCount == 0)
    #expect(pipeline.conversationCount == 0)
  }

  /// One thread may read the answer before the other's send has returned.
  @Test func aResponseSeenBeforeItsRequestStillMeetsIt() throws {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.ordered)
    pipeline.feed(connection.send(.client, "?a\n", at: dawn))
    pipeline.feed(connection.send(.server, "=1\n", at: dawn + 20_000))
    let request = connection.send(.client, "?b\n", at: dawn + 100_000)
    let response = connection.send(.server, "=2\n", at: dawn + 101_000)
    pipeline.feed(response)
    pipeline.feed(request)
    #expect(Self.calls(pipeline.takeBatch()) == ["a -> 1", "b -> 2"])
    #expect(pipeline.tallies.calls.droppedTotal == 0)
  }

  @Test func aResponseWithoutARequestIsCounted() {
    var connection = Self.connection()
    var pipeline = FlowPipeline(protocols: Self.ordered)
    pipeline.feed(connection.send(.server, "=1\n", at: dawn))
    pipeline.feed(connection.send(.client, "?a\n", at: dawn + 1_000_000))
    pipeline.feed(connection.send(.server, "=2\n", at: dawn + 2_000_000))
    #expect(Self.calls(pipeline.takeBatch()) == ["a -> 2"])
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 500_000_000))
    let tally = pipeline.tallies.calls
    #expect(tally.dropped == [Tally.Drop(reason: .unpairedResponse, count: 1)])
    #expect(tally.balances)
  }

  /// Requests that found no room are counted, and their answers go to nobody else.
  @Test func aFullStoreDropsAndStaysInStep() {
    var limits = FlowLimits()
    limits.pendingCallsPerConversation = 2
    let talked = Self.talk(
      (.client, "?a\n?b\n?c\n?d\n"), (.server, "=1\n=2\n=3\n=4\n"), (.client, "?e\n"),
      (.server, "=5\n"), limits: limits)
    #expect(talked.calls == ["a -> 1", "b -> 2", "e -> 5"])
    #expect(talked.tallies.calls.dropped == [Tally.Drop(reason: .pendingStoreFull, count: 2)])
    #expect(talked.tallies.calls.balances)
  }

  /// By id the oldest gives way instead.
  @Test func aFullConversationLetsItsOldestGo() {
    var limits = FlowLimits()
    limits.pendingCallsPerConversation = 2
    let talked = Self.talk(
      (.client, "?a#1\n?b#2\n?c#3\n"), (.server, "=3#3\n=2#2\n"), protocols: Self.numbered,
      limits: limits)
    #expect(talked.calls == ["a -> status 5", "c -> 3", "b -> 2"])
  }
}
