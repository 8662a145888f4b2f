// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// Whatever comes, there is an end to what is kept, and everything is counted.
@Suite struct SegmentBoundTests {
  static var tight: PacketLimits {
    var limits = PacketLimits()
    limits.segments.heldBytes = 64 << 10
    limits.segments.heldSegments = 200
    limits.segments.heldBytesPerDirection = 8 << 10
    limits.segments.heldSegmentsPerDirection = 20
    limits.flows.flows = 500
    limits.calls.conversations = 100
    limits.calls.pendingCalls = 200
    return limits
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func noiseStaysWithinTheBounds(seed: UInt64) {
    var dice = SeededGenerator(seed: seed)
    var pipeline = PacketPipeline.make(Self.tight, [Lines(), HTTP1()])
    var time = dawn
    for _ in 0..<5_000 {
      var connection = WireConnection()
      connection.client.port = 40_000 + UInt16(dice.roll(30))
      connection.client.sequence = Self.sequence(&dice)
      connection.server.sequence = Self.sequence(&dice)
      var payload: [UInt8] = []
      for _ in 0..<dice.roll(4) { payload += Array(["?/a\n", "=200\n", "x"][dice.roll(3)].utf8) }
      let side = dice.roll(2) == 0 ? Side.client : .server
      var frame = connection.frame(
        side, payload, flags: UInt16(dice.roll(32)), sequence: connection.end(side).sequence,
        at: time)
      if dice.roll(10) == 0 { frame.bytes.removeLast(dice.roll(frame.bytes.count)) }
      pipeline.feed([frame])
      #expect(pipeline.heldSegmentCount <= 200, "seed \(seed)")
      time += Int64(dice.roll(3_000_000))
      if dice.roll(100) == 0 { pipeline.flush(now: Timestamp(nanoseconds: time)) }
    }
    #expect(pipeline.tallies.balance, "seed \(seed)")
    _ = pipeline.end(at: time)
    #expect(pipeline.flowCount == 0 && pipeline.conversationCount == 0)
    #expect(pipeline.pendingCount == 0 && pipeline.heldSegmentCount == 0)
    #expect(pipeline.tallies.balance, "seed \(seed)")
  }

  /// Near each other, so that they meet, and near the wrap; now and then anywhere.
  private static func sequence(_ dice: inout SeededGenerator) -> UInt32 {
    dice.roll(20) == 0
      ? UInt32(truncatingIfNeeded: dice.next()) : 4_294_967_290 &+ UInt32(dice.roll(60))
  }

  @Test func aFloodOfSynsCostsNoConversations() {
    var limits = PacketLimits()
    limits.flows.flows = 1_000
    var pipeline = PacketPipeline.make(limits, [Lines()])
    for number in 0..<20_000 {
      var connection = WireConnection()
      connection.client.address = UInt32(number)
      pipeline.feed([connection.handshake(at: dawn + Int64(number))[0]])
    }
    #expect(pipeline.flowCount == 1_000)
    #expect(pipeline.conversationCount == 0)
    // They take each other's places.
    #expect(pipeline.tallies.flows.dropped.allSatisfy { $0.reason == .sampled })
  }

  /// A sender that leaves a hole before each segment fills the room, and then is waited for no more.
  @Test func allGapsAreGivenUpWhenTheRoomIsFull() {
    var connection = WireConnection()
    var limits = Self.tight
    limits.calls.pendingCalls = 2_000
    var pipeline = PacketPipeline.make(limits, [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    for number in 0..<1_000 {
      _ = connection.send(.client, "?/lost\n", at: dawn)
      pipeline.feed(connection.send(.client, "?/\(number)\n", at: dawn + Int64(number)))
      #expect(pipeline.heldSegmentCount <= 20)
    }
    let reasons = pipeline.tallies.conversations.dropped.map(\.reason)
    #expect(reasons == [.reassemblyFull])
    #expect(pipeline.tallies.balance)
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.count == 1_000)
  }

  @Test func sequenceNumbersWrap() {
    var connection = WireConnection()
    connection.client.sequence = .max - 20
    connection.server.sequence = .max - 3
    connection.segmentSize = 9
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    for number in 0..<10 {
      pipeline.feed(connection.send(.client, "?/\(number)\n", at: dawn).reversed())
      pipeline.feed(connection.send(.server, "=200(20)\n01234567890123456789", at: dawn).reversed())
    }
    #expect(pipeline.takeBatch().calls.count == 10)
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
  }

  /// A stray packet with a number from nowhere must not stop the conversation.
  @Test func aStrayNumberIsLeftBehind() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    var answered = 0
    for number in 0..<400 {
      if number == 5 {
        let wild = connection.client.sequence &+ 100_000
        pipeline.feed([
          connection.frame(.client, Array("?".utf8), flags: 0x18, sequence: wild, at: dawn)
        ])
      }
      let time = dawn + Int64(number) * 10_000_000
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.feed(connection.send(.client, "?/\(number)\n", at: time))
      pipeline.feed(connection.send(.server, "=200\n", at: time + 1_000_000))
      answered += pipeline.takeBatch().calls.count { $0.kind == .session }
    }
    #expect(answered > 200)
  }
}
