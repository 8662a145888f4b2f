// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import Testing

@testable import Flows

/// What all conversations share: nobody uses it up, and what finds no room still counts.
@Suite struct FairnessTests {
  /// Requests on the metric rows of one second's interval.
  static func requests(_ batch: RecordBatch, interval: UInt32 = 1) -> UInt64 {
    batch.metrics.filter { $0.interval == interval }.reduce(0) { $0 + $1.requests }
  }

  /// Requests that block, on as many connections as fill the table, and on more.
  @Test(arguments: [(33, 1_024), (400, 100), (40_000, 1)])
  func requestsThatWaitForEverKeepNobodyOut(connections: Int, each: Int) {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    let waits = String(repeating: "?~wait\n", count: each)
    for number in 1...connections {
      var connection = PairingTests.connection(UInt64(number))
      connection.captureLimit = 16_000
      pipeline.feed(connection.send(.client, waits, at: dawn + Int64(number) * 1_000))
    }
    var answered = 0
    for number in 1...50 {
      var connection = PairingTests.connection(UInt64(50_000 + number))
      let time = dawn + 1_000_000_000 + Int64(number) * 1_000_000
      pipeline.feed(connection.send(.client, "?short\n", at: time))
      pipeline.feed(connection.send(.server, "=200\n", at: time + 500_000))
      answered += pipeline.takeBatch().calls.count { $0.responseCode == 200 }
    }
    #expect(answered == 50)
    #expect(pipeline.tallies.calls.balances)
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 1_100_000_000))
    _ = pipeline.finish(now: Timestamp(nanoseconds: dawn + 9_000_000_000))
  }

  /// The conversation that has the most gives way, its oldest first, and its answers stay in step.
  @Test func whoHasTheMostGivesWay() {
    var limits = FlowLimits()
    limits.pendingCalls = 80
    limits.pendingCallsPerConversation = 64
    var heavy = PairingTests.connection(1)
    var light = PairingTests.connection(2)
    heavy.captureLimit = 16_000
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    let requests = (0..<64).map { "?h\($0)\n" }.joined()
    pipeline.feed(heavy.send(.client, requests, at: dawn))
    for number in 0..<20 {
      pipeline.feed(light.send(.client, "?l\(number)\n", at: dawn + Int64(number + 1) * 1_000))
    }
    let answers = (0..<64).map { "=\($0)\n" }.joined()
    pipeline.feed(heavy.send(.server, answers, at: dawn + 1_000_000))
    pipeline.feed(light.send(.server, (0..<20).map { "=\($0)\n" }.joined(), at: dawn + 2_000_000))
    let given = pipeline.tallies.calls.dropped.first { $0.reason == .gaveWay }?.count ?? 0
    #expect(given > 0 && given < 32)
    let calls = PairingTests.calls(pipeline.takeBatch())
    #expect(calls.count == 84)
    #expect(
      Set(calls)
        == Set(
          (0..<Int(given)).map { "h\($0) -> status 5" }
            + (Int(given)..<64).map { "h\($0) -> \($0)" } + (0..<20).map { "l\($0) -> \($0)" }))
  }

  /// A request that finds no room is no record, but in the metrics.
  @Test(arguments: ["?", "!"]) func whatFindsNoRoomCounts(mark: String) {
    var limits = FlowLimits()
    limits.pendingCalls = mark == "?" ? 4 : 0
    limits.pendingCallsPerConversation = 64
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    let text = (0..<10).map { "\(mark)a\($0)\n" }.joined()
    pipeline.feed(connection.send(.client, text, at: dawn))
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 3_000_000_000))
    let batch = pipeline.takeBatch()
    let records = mark == "?" ? 4 : 0
    #expect(batch.calls.count == records)
    #expect(Self.requests(batch) == 10 && Self.requests(batch, interval: 60) == 10)
    let dropped = pipeline.tallies.calls.dropped.first { $0.reason == .pendingStoreFull }
    #expect(dropped?.count == UInt64(10 - records))
  }

  /// Long texts use up the room for texts, not for calls.
  @Test func textsOfOneGiveWay() {
    var limits = FlowLimits()
    limits.pendingTextBytes = 64 << 10
    var heavy = PairingTests.connection(1)
    heavy.captureLimit = 65_536
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for number in 0..<100 {
      let request = "?" + String(repeating: "x", count: 1_000) + "\n"
      pipeline.feed(heavy.send(.client, request, at: dawn + Int64(number) * 1_000))
    }
    var light = PairingTests.connection(2)
    pipeline.feed(light.send(.client, "?a\n", at: dawn + 1_000_000))
    pipeline.feed(light.send(.server, "=1\n", at: dawn + 2_000_000))
    #expect(PairingTests.calls(pipeline.takeBatch()).last == "a -> 1")
    #expect(pipeline.tallies.calls.balances)
  }

  /// Chunks held for missing ones, on many connections: the latest are held all the same.
  @Test func heldChunksOfManyKeepNobodyOut() {
    var limits = FlowLimits()
    limits.heldBytesOfAll = 64 << 10
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for number in 1...100 { _ = hold(number, &pipeline) }
    let missing = hold(101, &pipeline)
    var quiet = PairingTests.connection(500)
    pipeline.feed(quiet.send(.client, "", at: dawn + 200_000))
    #expect(pipeline.engine.heldBytes <= 70 << 10)
    let pending = pipeline.pendingCount
    pipeline.feed(missing)
    #expect(pipeline.pendingCount == pending + 2, "the missing one and the one that was held")
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 9_000_000_000))
    #expect(pipeline.engine.heldBytes == 0)
    #expect(pipeline.engine.backlogBytes == 0)
  }

  /// A request, and one that is held for another, which is handed back.
  private func hold(_ number: Int, _ pipeline: inout FlowPipeline) -> [Observation] {
    var connection = PairingTests.connection(UInt64(number))
    connection.captureLimit = 16_000
    let time = dawn + Int64(number) * 1_000
    pipeline.feed(connection.send(.client, "?a\n", at: time))
    let missing = connection.send(.client, "?b\n", at: time + 1)
    let ahead = "?" + String(repeating: "c", count: 4_000) + "\n"
    pipeline.feed(connection.send(.client, ahead, at: time + 2))
    return missing
  }

  /// What might be a protocol's on many connections leaves room for the next.
  @Test func backlogsOfManyKeepNobodyOut() {
    var limits = FlowLimits()
    limits.backlogBytesOfAll = 16 << 10
    var pipeline = FlowPipeline(limits: limits, protocols: [Redis()])
    for number in 1...200 {
      var connection = Connection(number: UInt64(number), serverPort: 7_000, isKnown: false)
      connection.server.isObserved = false
      let half = "*2\r\n$9\r\nFT.SEARCH\r\n$900\r\n" + String(repeating: "x", count: 700)
      pipeline.feed(connection.send(.client, half, at: dawn + Int64(number) * 1_000))
    }
    #expect(pipeline.engine.backlogBytes <= 18 << 10)
    var connection = Connection(number: 999, serverPort: 7_000, isKnown: false)
    connection.server.isObserved = false
    pipeline.feed(connection.send(.client, "*1\r\n$9\r\nFT.SEARCH\r\n", at: dawn + 1_000_000))
    pipeline.feed(connection.send(.server, "+OK\r\n", at: dawn + 2_000_000))
    pipeline.feed(connection.send(.client, "*1\r\n$4\r\nPING\r\n", at: dawn + 3_000_000))
    pipeline.feed(connection.send(.server, "+PONG\r\n", at: dawn + 4_000_000))
    #expect(pipeline.takeBatch().calls.count { $0.kind == .session } == 2)
  }

  /// Segments held for missing ones, of many flows: the latest are held all the same.
  @Test func segmentsOfManyKeepNobodyOut() {
    var limits = PacketLimits()
    limits.segments.heldBytes = 64 << 10
    var pipeline = PacketPipeline.make(limits, PairingTests.ordered)
    func wire(_ number: UInt16) -> WireConnection {
      var connection = WireConnection()
      connection.client.port = 40_000 + number
      return connection
    }
    var last: [WireFrame] = []
    for number in 1...100 as ClosedRange<UInt16> {
      var connection = wire(number)
      let time = dawn + Int64(number) * 1_000
      pipeline.feed(connection.handshake(at: time - 100))
      pipeline.feed(connection.send(.client, "?a\n", at: time))
      last = connection.send(.client, "?b\n", at: time + 1)
      let ahead = "?" + String(repeating: "c", count: 1_200) + "\n"
      pipeline.feed(connection.send(.client, ahead, at: time + 2))
    }
    pipeline.feed([wire(500).acknowledge(.client, at: dawn + 200_000)])
    #expect(pipeline.heldSegmentCount < 50 && pipeline.heldSegmentCount > 20)
    let pending = pipeline.pendingCount
    pipeline.feed(last)
    #expect(pipeline.pendingCount == pending + 2, "the missing one and the one that was held")
    #expect(pipeline.tallies.balance)
  }

  /// Threads that live for one call take each other's places.
  @Test func threadsOfOneCallLeaveTheOthersTheirChains() {
    var limits = FlowLimits()
    limits.threads = 64
    var traces = ThreadChains(limits: limits)
    let connection = PairingTests.connection()
    func event(_ thread: UInt32, _ direction: SocketEvent.Direction, _ socket: UInt64)
      -> SocketEvent
    {
      var event = connection.event(.data, .client, at: dawn)
      (event.thread, event.direction, event.socket) = (thread, direction, socket)
      return event
    }
    for round in 0..<50 as Range<UInt32> {
      let received = traces.chain(event(1, .ingress, 7)).chain
      for thread in 0..<40 as Range<UInt32> {
        _ = traces.chain(event(1_000 + round * 40 + thread, .ingress, 9))
      }
      #expect(traces.chain(event(1, .egress, 8)).chain == received)
    }
  }
}

extension ThreadChains {
  /// What a pipeline hands over in place; whatever thread is looked at first.
  fileprivate mutating func chain(_ event: SocketEvent) -> (chain: UInt64, user: ProcessBucket) {
    var event = event
    var place = (event.thread &+ event.sequence) % 4
    return chain(&event, place: &place)
  }
}
