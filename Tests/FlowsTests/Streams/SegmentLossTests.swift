// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// What the capture missed is missed; it makes nothing up.
@Suite struct SegmentLossTests {
  /// A request and its answer that both carry `number`, and how to tell from the record.
  struct Language: Sendable {
    var parser: any ProtocolParser.Type
    var port: UInt16
    var request: @Sendable (Int) -> String
    var response: @Sendable (Int) -> String
    var isRight: @Sendable (CallRecord, RecordBatch) -> Bool
  }

  static let languages: [Language] = [
    Language(
      parser: LineParser.self, port: 7_000, request: { "?/\($0 % 400)\n" },
      response: { "=\($0 % 400)(40)\n" + String(repeating: "=", count: 40) },
      isRight: { "/\($0.responseCode ?? -1)" == $1.string($0.texts.endpoint) }),
    Language(
      parser: HTTP1Parser.self, port: 80,
      request: { "GET /\($0) HTTP/1.1\r\nHost: a\r\nX-Request-ID: n\($0)\r\n\r\n" },
      response: { "HTTP/1.1 200 OK\r\nX-Request-ID: n\($0)\r\nContent-Length: 3\r\n\r\nabc" },
      isRight: {
        $1.string($0.texts.requestXRequestID) == $1.string($0.texts.responseXRequestID)
      }),
    Language(
      parser: RedisParser.self, port: 6_379,
      request: { "*2\r\n$3\r\nGET\r\n$\("k\($0)".utf8.count)\r\nk\($0)\r\n" },
      response: { "-ERR k\($0)\r\n" },
      isRight: {
        let words = $1.string($0.texts.responseException).split(separator: " ")
        return $1.string($0.texts.requestResource).hasSuffix(" \(words.last ?? "-")")
      }),
  ]

  /// Batches of `depth` requests that are sent together and answered together.
  static func frames(
    _ language: Language, depth: Int, segmentSize: Int, _ dice: inout Dice
  ) -> [WireFrame] {
    var connection = WireConnection()
    connection.server.port = language.port
    connection.segmentSize = segmentSize
    var frames = connection.handshake(at: dawn - 1_000_000)
    var number = 0
    for turn in 0..<60 {
      let time = dawn + Int64(turn) * 10_000_000
      let count = 1 + dice.roll(depth)
      for index in 0..<count {
        frames += connection.send(.client, language.request(number + index), at: time)
      }
      for index in 0..<count {
        frames += connection.send(.server, language.response(number + index), at: time + 1_000_000)
      }
      frames.append(connection.acknowledge(.client, at: time + 2_000_000))
      number += count
    }
    return frames
  }

  /// Better no call than a wrong one: how many are found after a loss is not promised.
  @Test(arguments: 0..<3, 0..<15 as Range<UInt64>)
  func lostSegmentsNeverPairTheWrongMessages(language: Int, seed: UInt64) {
    let language = Self.languages[language]
    for depth in [1, 3] {
      var dice = Dice(state: seed)
      var frames = Self.frames(
        language, depth: depth, segmentSize: 20 + dice.roll(60), &dice)
      let all = Self.calls(frames, language)
      #expect(!all.calls.isEmpty && all.calls.allSatisfy { language.isRight($0, all) })
      frames.removeAll { $0.bytes.count > 54 && dice.roll(20) == 0 }
      let batch = Self.calls(frames, language)
      let answered = batch.calls.filter { $0.kind == .session && $0.texts.endpoint.length > 0 }
      let wrong = answered.filter { !$0.flags.contains(.truncated) && !language.isRight($0, batch) }
      #expect(
        wrong.isEmpty,
        "seed \(seed), depth \(depth): \(wrong.map { batch.string($0.texts.requestResource) })")
    }
  }

  static func calls(_ frames: [WireFrame], _ language: Language) -> RecordBatch {
    var pipeline = PacketPipeline.make(PacketLimits(), [language.parser])
    for frame in frames {
      pipeline.flush(now: frame.time)
      pipeline.feed([frame])
    }
    let batch = pipeline.end(at: dawn + 1_000_000_000)
    #expect(pipeline.heldSegmentCount == 0 && pipeline.tallies.balance)
    return batch
  }

  static func flushed(_ frames: [WireFrame], until time: Int64) -> (RecordBatch, PacketTallies) {
    var pipeline = PacketPipeline.make(PacketLimits(), [LineParser.self])
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
    #expect(pairs == ["/a 200", "/0 0", "/1 1", "/2 2", "/3 3", "/4 4", "/5 5"])
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
    var pipeline = PacketPipeline.make(PacketLimits(), [LineParser.self])
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
    var pipeline = PacketPipeline.make(PacketLimits(), [LineParser.self])
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
    var pipeline = PacketPipeline.make(PacketLimits(), [LineParser.self])
    pipeline.feed(frames)
    #expect(pipeline.heldSegmentCount == 0)
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.count == 20 && batch.calls.allSatisfy { $0.kind == .request })
  }
}
