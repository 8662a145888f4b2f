// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct PacketPipelineTests {
  /// The sockets of both ends and the packets between them tell of the same calls: they join on the
  /// sequence numbers.
  @Test func packetsTellOfTheSameCallsAsTheSockets() throws {
    var sockets = Connection(serverPort: 7_000)
    var packets = WireConnection()
    var bySockets = FlowPipeline(protocols: [Lines()])
    var byPackets = PacketPipeline.make(PacketLimits(), [Lines()])
    byPackets.feed(packets.handshake(at: dawn - 1_000_000))
    let turns: [(Side, String)] = [
      (.client, "?/a\n?/b\n"), (.server, "=200\n=500(30)\n"), (.server, "012345678901234567890123"),
      (.server, "456789"), (.client, "!/note\n?/c"), (.client, "\n"), (.server, "*404\nuntil"),
      (.server, " turn"), (.client, "?/d\n"), (.server, "=200\n"), (.client, "?/unanswered\n"),
    ]
    for (index, (side, text)) in turns.enumerated() {
      let time = dawn + Int64(index) * 1_000_000
      bySockets.feed(sockets.send(side, text, at: time))
      byPackets.feed(packets.send(side, text, at: time))
    }
    bySockets.finish(now: Timestamp(nanoseconds: dawn + 3_000_000_000))
    let expected = bySockets.takeBatch()
    let batch = byPackets.end(at: dawn)
    let ours = batch.calls.map { Self.describe($0, batch) }
    for point in [ObservationPoint.clientProcess, .serverProcess] {
      let theirs = expected.calls.filter { $0.observationPoint == point }
      #expect(theirs.map { Self.describe($0, expected) } == ours)
    }
    #expect(ours.count == 6)
    #expect(batch.calls.allSatisfy { $0.signalSource == .packet && $0.flow == batch.calls[0].flow })
    let flow = try #require(batch.flows.first)
    #expect(flow.flow == batch.calls[0].flow && flow.applicationProtocol.rawValue == 200)
    #expect(flow.figures.requests == 6 && flow.figures.serverErrors == 1)
  }

  /// What both must say, whoever saw it.
  private static func describe(_ call: CallRecord, _ batch: RecordBatch) -> String {
    var call = call
    var texts: [String] = []
    call.texts.visit { _, place in texts.append(batch.string(place)) }
    return "\(call.kind) \(call.status) \(call.responseCode as Int32?) \(texts) "
      + "\(call.client.address) \(call.client.port) \(call.server.address) \(call.server.port) "
      + "\(call.requestSequence) \(call.responseSequence) \(call.capturedRequestBytes) "
      + "\(call.capturedResponseBytes) \(call.directionScore) \(call.flags.rawValue)"
  }

  @Test func aCallLastsFromItsFirstPacketToItsLast() throws {
    var connection = WireConnection()
    connection.segmentSize = 10
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    var request = connection.send(.client, "?/a/long/path\n", at: dawn)
    request[1].time = Timestamp(nanoseconds: dawn + 100_000)
    var response = connection.send(.server, "=200(20)\n01234567890123456789", at: dawn + 500_000)
    response[2].time = Timestamp(nanoseconds: dawn + 900_000)
    pipeline.feed(request + response)
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.start.nanoseconds == dawn && call.end.nanoseconds == dawn + 900_000)
    #expect(call.durationMicroseconds == 900)
  }

  /// Joined in the middle, the bytes say who asks, and the flow learns it.
  @Test func aFlowLearnsItsDirectionFromWhatItSpeaks() throws {
    var connection = WireConnection()
    connection.client.port = 1_000
    connection.server.port = 50_000
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed([connection.acknowledge(.server, at: dawn)])
    pipeline.feed(connection.send(.client, "?/a\n", at: dawn + 1_000))
    pipeline.feed(connection.send(.server, "=200\n", at: dawn + 2_000))
    let batch = pipeline.end(at: dawn)
    let (call, flow) = (try #require(batch.calls.first), try #require(batch.flows.first))
    #expect(call.client.port == 1_000 && call.server.port == 50_000)
    #expect(flow.client.port == 1_000 && flow.server.port == 50_000)
    #expect(flow.directionScore == 254 && call.directionScore == 254)
  }

  @Test func datagramsPairByTheirIdentifiers() throws {
    var connection = WireConnection()
    connection.isUDP = true
    connection.server.port = 7_001
    var pipeline = PacketPipeline.make(PacketLimits(), [NumberedLines()])
    pipeline.feed(connection.send(.client, "?/a#1\n", at: dawn))
    pipeline.feed(connection.send(.client, "?/b#2\n", at: dawn + 1_000))
    pipeline.feed(connection.send(.server, "=200#2\n", at: dawn + 2_000))
    pipeline.feed(connection.send(.server, "=404#1\n", at: dawn + 3_000))
    let batch = pipeline.end(at: dawn)
    let pairs = batch.calls.map { "\(batch.string($0.texts.endpoint)) \($0.responseCode ?? 0)" }
    #expect(pairs == ["/b 200", "/a 404"])
    #expect(batch.flows.first?.figures.responses == 2)
  }

  @Test func anUnknownProtocolIsLeftAloneForAWhile() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    for turn in 0..<40 {
      let time = dawn + Int64(turn) * 1_000_000
      pipeline.feed(connection.send(turn % 2 == 0 ? .client : .server, "hello", at: time))
    }
    #expect(pipeline.conversationCount == 0)
    #expect(pipeline.tallies.segments.passed == 40)
    #expect(
      pipeline.tallies.conversations.dropped == [Tally.Drop(reason: .unknownProtocol, count: 40)])
    let later = dawn + 70_000_000_000
    pipeline.feed(connection.send(.client, "?/a\n", at: later))
    pipeline.feed(connection.send(.server, "=200\n", at: later + 1_000))
    #expect(pipeline.takeBatch().calls.count == 1)
  }

  @Test func aTakenPortIsAnotherConversation() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    for round in 0..<3 {
      let time = dawn + Int64(round) * 1_000_000_000
      connection.client.sequence = UInt32(round) &* 1_000_003 &+ 77
      connection.server.sequence = UInt32(round) &* 3_000_003 &+ 99
      pipeline.feed(connection.handshake(at: time))
      pipeline.feed(connection.send(.client, "?/\(round)\n", at: time + 1_000_000))
      pipeline.feed(connection.send(.server, "=200\n", at: time + 2_000_000))
    }
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.map { batch.string($0.texts.endpoint) } == ["/0", "/1", "/2"])
    #expect(Set(batch.calls.map(\.flow)).count == 3)
  }

  @Test func theSameFramesGiveTheSameBatches() {
    var dice = SeededGenerator(seed: 7)
    let frames = (0..<20).flatMap { _ in SegmentOrderTests.conversation(&dice) }
    func run() -> RecordBatch {
      var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
      pipeline.feed(frames)
      return pipeline.end(at: dawn)
    }
    #expect(run() == run())
  }
}
