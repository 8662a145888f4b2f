// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// Whatever way the segments of a conversation come, it is the same conversation.
@Suite struct SegmentOrderTests {
  /// A conversation of pipelined requests, cut into small segments, its end included.
  static func conversation(_ dice: inout SeededGenerator) -> [WireFrame] {
    var connection = WireConnection()
    connection.segmentSize = 7 + dice.roll(30)
    var time = dawn
    var frames: [WireFrame] = []
    for _ in 0..<(2 + dice.roll(4)) {
      var (requests, responses) = ("", "")
      for _ in 0...dice.roll(3) {
        requests += "?/path/\(dice.roll(10))\n"
        let body = dice.roll(60)
        responses += "=\(200 + dice.roll(3) * 150)(\(body))\n" + String(repeating: "x", count: body)
      }
      frames += connection.send(.client, requests, at: time)
      frames += connection.send(.server, responses, at: time + 1_000_000)
      time += 2_000_000
    }
    frames.append(connection.finish(.client, at: time))
    frames.append(connection.finish(.server, at: time + 1_000))
    return frames
  }

  static func calls(_ frames: [WireFrame], _ limits: PacketLimits = PacketLimits()) -> RecordBatch {
    var pipeline = PacketPipeline.make(limits, [Lines()])
    pipeline.feed(WireConnection().handshake(at: dawn - 1_000_000))
    pipeline.feed(frames)
    #expect(pipeline.heldSegmentCount == 0)
    #expect(pipeline.conversationCount == 0, "both sides have ended")
    #expect(pipeline.tallies.balance)
    var batch = pipeline.end(at: dawn)
    batch.flows = []
    batch.networkMetrics = []
    batch.losses = []
    return batch
  }

  /// Room for any order, and no hurry.
  static var patient: PacketLimits {
    var limits = PacketLimits()
    limits.segments.reorderedPackets = .max
    return limits
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func anyOrderGivesTheSameRecords(seed: UInt64) {
    var dice = SeededGenerator(seed: seed)
    let frames = Self.conversation(&dice)
    let expected = Self.calls(frames)
    #expect(!expected.calls.isEmpty)
    #expect(expected.calls.allSatisfy { $0.kind == .session && $0.hasDuration })
    for _ in 0..<5 {
      let shuffled = frames.shuffled(using: &dice)
      #expect(Self.calls(shuffled, Self.patient) == expected, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func duplicatesChangeNothing(seed: UInt64) {
    var dice = SeededGenerator(seed: seed)
    let frames = Self.conversation(&dice)
    let expected = Self.calls(frames)
    var twice: [WireFrame] = []
    for frame in frames {
      twice += Array(repeating: frame, count: 1 + dice.roll(3))
      let old = frames[dice.roll(frames.count)]
      if old.time <= frame.time { twice.append(old) }
    }
    // What is repeated later is repeated in its place; nothing is shown before its time.
    #expect(Self.calls(twice, Self.patient) == expected, "seed \(seed)")
    #expect(Self.calls(twice.shuffled(using: &dice), Self.patient) == expected, "seed \(seed)")
  }

  /// Segments overlap when a sender repeats its bytes in other portions. All portions of a turn are of
  /// one moment here, so that it does not matter which of them brings a byte first.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func overlapsChangeNothing(seed: UInt64) {
    var dice = SeededGenerator(seed: seed)
    var connection = WireConnection()
    var (whole, overlapping): ([WireFrame], [WireFrame]) = ([], [])
    for turn in 0..<6 {
      let side = turn % 2 == 0 ? Side.client : .server
      let text = turn % 2 == 0 ? "?/a\n?/b\n?/c\n" : "=200(20)\n01234567890123456789=404\n=200\n"
      let time = dawn + Int64(turn) * 1_000_000
      let bytes = Array(text.utf8)
      let start = connection.end(side).sequence
      for _ in 0..<8 {
        let from = dice.roll(bytes.count)
        let to = from + 1 + dice.roll(bytes.count - from)
        overlapping.append(
          connection.frame(
            side, Array(bytes[from..<to]), flags: 0x18, sequence: start &+ UInt32(from), at: time))
      }
      whole += connection.send(side, bytes, at: time)
      overlapping += whole.suffix(1)
    }
    let end = [connection.finish(.client, at: dawn + 9_000_000)]
    let ends = end + [connection.finish(.server, at: dawn + 9_000_000)]
    let expected = Self.calls(whole + ends)
    #expect(expected.calls.count == 9)
    #expect(Self.calls(overlapping + ends, Self.patient) == expected, "seed \(seed)")
    #expect(
      Self.calls((overlapping + ends).shuffled(using: &dice), Self.patient) == expected,
      "seed \(seed)")
  }

  /// Like the network stack of the receiver, which has handed the first copy on.
  @Test func ofBytesSentTwiceTheFirstCopyCounts() {
    var connection = WireConnection()
    let start = connection.client.sequence
    let held = connection.frame(
      .client, Array("first\n".utf8), flags: 0x18, sequence: start &+ 2, at: dawn)
    let later = connection.frame(
      .client, Array("?/other\n".utf8), flags: 0x18, sequence: start, at: dawn)
    connection.advance(.client, by: 8)
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(WireConnection().handshake(at: dawn - 1_000_000))
    pipeline.feed([held, later] + connection.send(.server, "=200\n", at: dawn + 1_000))
    let batch = pipeline.takeBatch()
    #expect(batch.calls.map { batch.string($0.texts.endpoint) } == ["/first"])
  }

  /// A keep-alive repeats the last byte's number: a connection that is met by one has no gap.
  @Test(arguments: [true, false]) func aConnectionIsMetByAKeepAlive(isAnswered: Bool) {
    var connection = WireConnection()
    let probe = connection.client.sequence &- 1
    var frames = [connection.frame(.client, [], flags: 0x10, sequence: probe, at: dawn - 1_000)]
    if isAnswered { frames.append(connection.acknowledge(.server, at: dawn - 500)) }
    frames += connection.send(.client, "?/a\n", at: dawn)
    frames += connection.send(.server, "=200\n", at: dawn + 1_000)
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(frames)
    #expect(pipeline.heldSegmentCount == 0)
    let batch = pipeline.takeBatch()
    #expect(batch.calls.map { batch.string($0.texts.endpoint) } == ["/a"])
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
  }

  /// A segment that comes before the one that it answers waits for it.
  @Test func anAnswerSeenBeforeItsRequestIsItsAnswer() throws {
    var connection = WireConnection()
    let request = connection.send(.client, "?/a\n", at: dawn)
    let response = connection.send(.server, "=200\n", at: dawn + 1_000_000)
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(WireConnection().handshake(at: dawn - 1_000_000))
    pipeline.feed(response + request)
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.durationMicroseconds == 1_000)
    #expect(call.requestSequence == 4_294_967_000 && call.responseSequence == 5_000)
  }
}
