// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// What the capture missed is missed; it makes nothing up.
@Suite struct SegmentLossTests {
  /// Batches of up to `depth` requests that are sent together and answered together.
  static func frames(
    _ language: Language, depth: Int, turns: Int, segmentSize: Int, _ random: inout SeededGenerator
  ) -> (frames: [WireFrame], calls: Int) {
    var connection = WireConnection()
    connection.server.port = language.port
    connection.segmentSize = segmentSize
    var frames = connection.handshake(at: dawn - 1_000_000)
    var number = 0
    for turn in 0..<turns {
      let time = dawn + Int64(turn) * 10_000_000
      let count = 1 + random.roll(depth)
      for index in 0..<count {
        frames += connection.send(.client, language.request(number + index), at: time)
      }
      for index in 0..<count {
        frames += connection.send(.server, language.response(number + index), at: time + 1_000_000)
      }
      frames.append(connection.acknowledge(.client, at: time + 2_000_000))
      number += count
    }
    return (frames, number)
  }

  /// What the pairs of a run say: the numbers of their two halves.
  struct Pairs {
    var right = 0
    var wrong: [String] = []
  }

  static func pairs(_ frames: [WireFrame], _ language: Language) -> Pairs {
    var pipeline = PacketPipeline.make(PacketLimits(), [language.kind])
    for frame in frames {
      pipeline.flush(now: frame.time)
      pipeline.feed([frame])
    }
    let batch = pipeline.end(at: dawn + 1_000_000_000)
    #expect(pipeline.heldSegmentCount == 0 && pipeline.tallies.balance)
    var pairs = Pairs()
    for call in batch.calls where call.kind == .session {
      let numbers = language.numbers(call, batch)
      if let request = numbers.request, request == numbers.response {
        pairs.right += 1
      } else if numbers.request != nil, !call.flags.contains(.truncated) {
        pairs.wrong.append("\(numbers)")
      }
    }
    return pairs
  }

  /// Better no call than a wrong one.
  @Test(arguments: Language.all, 0..<15 as Range<UInt64>)
  func lostSegmentsNeverPairTheWrongMessages(language: Language, seed: UInt64) {
    for depth in [1, 3] {
      var random = SeededGenerator(seed: seed)
      var (frames, calls) = Self.frames(
        language, depth: depth, turns: 60, segmentSize: 20 + random.roll(60), &random)
      #expect(Self.pairs(frames, language).right == calls)
      frames.removeAll { $0.bytes.count > 54 && random.roll(20) == 0 }
      let wrong = Self.pairs(frames, language).wrong
      #expect(wrong.isEmpty, "seed \(seed), depth \(depth): \(wrong)")
    }
  }

  /// Whichever segment it is: its own turn is lost, and some more when nothing was known yet of how the
  /// client takes turns.
  @Test(arguments: Language.all, [1, 3])
  func aLostSegmentCostsAFewCalls(language: Language, depth: Int) {
    var random = SeededGenerator(seed: UInt64(depth))
    let (frames, calls) = Self.frames(
      language, depth: depth, turns: 14, segmentSize: 40, &random)
    for lost in frames.indices where frames[lost].bytes.count > 54 {
      var seen = frames
      seen.remove(at: lost)
      let pairs = Self.pairs(seen, language)
      #expect(pairs.wrong.isEmpty, "segment \(lost): \(pairs.wrong)")
      let isEarly = frames[lost].time.nanoseconds < dawn + 2 * 10_000_000
      let bound = (isEarly ? 6 : 2) * depth
      #expect(calls - pairs.right <= bound, "segment \(lost): \(pairs.right) of \(calls)")
    }
  }

  /// A client that always has some requests under way never comes to rest: better no call than a wrong one
  /// until there is a pause. With two under way nothing shows that one of the first two was lost.
  @Test(arguments: Language.all, [2, 3, 5])
  func aClientThatNeverWaitsIsNeverPairedWrongly(language: Language, underWay: Int) {
    var connection = WireConnection()
    connection.server.port = language.port
    var frames = connection.handshake(at: dawn - 1_000_000)
    for number in 0..<underWay {
      frames += connection.send(.client, language.request(number), at: dawn + Int64(number) * 1_000)
    }
    for number in 0..<30 {
      let time = dawn + Int64(number + 1) * 1_000_000
      frames += connection.send(.server, language.response(number), at: time)
      frames += connection.send(.client, language.request(number + underWay), at: time + 500_000)
    }
    #expect(Self.pairs(frames, language).right == 30)
    for lost in frames.indices.dropFirst(underWay == 2 ? 5 : 3) {
      var seen = frames
      seen.remove(at: lost)
      let pairs = Self.pairs(seen, language)
      #expect(pairs.wrong.isEmpty, "segment \(lost): \(pairs.wrong)")
    }
  }

  static func flushed(_ frames: [WireFrame], until time: Int64) -> (RecordBatch, PacketTallies) {
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(frames)
    let tallies = pipeline.tallies
    pipeline.flush(now: Timestamp(nanoseconds: time))
    return (pipeline.takeBatch(), tallies)
  }

  /// The server has what it acknowledges: nobody will send it again.
  @Test func acknowledgedBytesThatWereNotSeenAreAGapAfterAFewPackets() {
    var connection = WireConnection()
    var frames = connection.handshake(at: dawn - 1_000_000)
    frames += connection.send(.client, "?/a\n", at: dawn)
    frames += connection.send(.server, "=200\n", at: dawn + 1_000)
    _ = connection.send(.client, "?/lost\n", at: dawn + 2_000)
    frames += connection.send(.server, "=404\n", at: dawn + 3_000)
    for number in 0..<6 {
      frames += connection.send(.client, "?/\(number)\n", at: dawn + 4_000)
      frames += connection.send(.server, "=\(number)\n", at: dawn + 5_000)
    }
    let (batch, tallies) = Self.flushed(frames, until: dawn + 6_000)
    let pairs = batch.calls.map {
      "\(batch.string($0.texts.endpoint)) \($0.responseCode.map(String.init) ?? "-")"
    }
    // The first answer after the gap could be the lost request's.
    #expect(
      pairs == ["/a 200", "/0 -", "/1 1", "/2 2", "/3 3", "/4 4", "/5 5"])
    #expect(tallies.conversations.dropped == [Tally.Drop(reason: .streamGap, count: 1)])
  }

  /// What the receiver lacks too will be sent again.
  @Test func aSegmentLostOnTheWayIsWaitedFor() {
    var connection = WireConnection()
    var frames = connection.handshake(at: dawn - 1_000_000)
    let before = connection
    let lost = connection.send(.client, "?/a\n", at: dawn)
    for _ in 0..<20 {
      frames += connection.send(.client, "?/b\n", at: dawn + 1_000)
      frames.append(
        before.frame(.server, [], flags: 0x10, sequence: before.server.sequence, at: dawn + 2_000))
    }
    var again = lost
    again[0].time = Timestamp(nanoseconds: dawn + 900_000_000)
    frames += again
    frames += connection.send(
      .server, String(repeating: "=200\n", count: 21), at: dawn + 901_000_000)
    // The pure acknowledgements above repeat what the server had before.
    let (batch, tallies) = Self.flushed(frames, until: dawn + 902_000_000)
    #expect(batch.calls.count == 21)
    #expect(tallies.conversations.droppedTotal == 0)
  }

  @Test func aSegmentThatNeverComesIsGivenUpInTime() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    pipeline.feed(connection.send(.client, "?/a\n", at: dawn))
    pipeline.feed(connection.send(.server, "=200\n", at: dawn))
    _ = connection.send(.client, "?/lost\n", at: dawn)
    pipeline.feed(connection.send(.client, "?/b\n", at: dawn))
    #expect(pipeline.heldSegmentCount == 1)
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 1_000_000_000))
    #expect(pipeline.heldSegmentCount == 1)
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 2_100_000_000))
    #expect(pipeline.heldSegmentCount == 0)
    #expect(pipeline.takeBatch().losses.contains { $0.reason == .streamGap })
  }

  @Test func whatTheSnapLengthCutIsAGapOfItsOwn() {
    var connection = WireConnection()
    connection.snapLength = 54 + 12
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    pipeline.feed(connection.send(.client, "?/a\n", at: dawn))
    pipeline.feed(connection.send(.server, "=200(9)\nbodybody!\n", at: dawn + 1_000))
    pipeline.feed(connection.send(.client, "?/b\n", at: dawn + 2_000))
    pipeline.feed(connection.send(.server, "=200\n", at: dawn + 3_000))
    #expect(pipeline.takeBatch().calls.count >= 1)
    #expect(pipeline.tallies.balance)
  }

  /// One side of a route is often all that passes here.
  @Test func oneDirectionAloneIsRead() {
    var connection = WireConnection()
    var frames: [WireFrame] = []
    for index in 0..<20 {
      frames += connection.send(.client, "?/\(index)\n", at: dawn + Int64(index) * 1_000)
      _ = connection.send(.server, "=200\n", at: dawn)
    }
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    pipeline.feed(frames)
    #expect(pipeline.heldSegmentCount == 0)
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.count == 20 && batch.calls.allSatisfy { $0.kind == .request })
  }
}
