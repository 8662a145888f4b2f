// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// Connections that were there before we were: what their first bytes could be anything's is read all
/// the same, once the protocol is known.
@Suite struct JoinedTests {
  /// A connection from the first bytes that are seen of it.
  struct Joined: Sendable, CustomTestStringConvertible {
    var name: String
    var port: UInt16 = 20_130
    var turns: [Talk]
    /// The endpoints of the calls that are answered.
    var endpoints: [String]

    var testDescription: String { name }
  }

  static let ok = Language.packet(1, [0, 0, 0, 2, 0, 0, 0])
  static let query = Language.packet(0, [3] + Array("SELECT a FROM t".utf8))
  static let long = Array("INSERT INTO t VALUES ('\(String(repeating: "x", count: 5_000))')".utf8)
  static let done = Language.message("C", "SELECT 1\0") + Language.message("Z", "I")

  static let cases = [
    Joined(
      name: "MySQL, pings before a query",
      turns: [
        Talk(.client, bytes: Language.packet(0, [14])), Talk(.server, bytes: ok),
        Talk(.client, bytes: Language.packet(0, [14])), Talk(.server, bytes: ok),
        Talk(.client, bytes: query), Talk(.server, bytes: ok),
      ], endpoints: ["COM_PING", "COM_PING", "SELECT t"]),
    Joined(
      name: "MySQL, an answer first, then a statement closed and a query in one",
      turns: [
        Talk(.server, bytes: ok),
        Talk(.client, bytes: Language.packet(0, [2] + Array("shop".utf8))),
        Talk(.server, bytes: ok),
        Talk(.client, bytes: Language.packet(0, [0x19, 1, 0, 0, 0]) + query),
        Talk(.server, bytes: ok),
      ], endpoints: ["COM_INIT_DB", "SELECT t"]),
    Joined(
      name: "MySQL, a statement longer than what decides",
      turns: [
        Talk(.client, bytes: Language.packet(0, [3] + long)), Talk(.server, bytes: ok),
        Talk(.client, bytes: query), Talk(.server, bytes: ok),
      ], endpoints: ["INSERT t", "SELECT t"]),
    Joined(
      name: "PostgreSQL, a batch that only closes, then queries in one",
      turns: [
        Talk(.client, bytes: Language.message("C", "Ss1\0") + Language.message("S", "")),
        Talk(.server, bytes: Language.message("3", "") + Language.message("Z", "I")),
        Talk(
          .client,
          bytes: Language.message("Q", "SELECT a FROM t\0")
            + Language.message("Q", "SELECT b FROM u\0")
        ), Talk(.server, bytes: done + done),
      ], endpoints: ["SELECT t", "SELECT u"]),
    Joined(
      name: "PostgreSQL, a function call before a statement",
      turns: [
        Talk(.client, bytes: Language.message("F", "\0\0\0\u{1}\0\0\0\0\0\u{1}")),
        Talk(.server, bytes: Language.message("V", "\0\0\0\0") + Language.message("Z", "I")),
        Talk(.client, bytes: Language.message("Q", String(decoding: long, as: UTF8.self) + "\0")),
        Talk(.server, bytes: done),
      ], endpoints: ["function call", "INSERT t"]),
    Joined(
      name: "Redis, a module's command first",
      turns: [
        Talk(.client, "*3\r\n$9\r\nFT.SEARCH\r\n$1\r\ni\r\n$1\r\nq\r\n"),
        Talk(.server, "*1\r\n:0\r\n"),
        Talk(.client, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), Talk(.server, "$1\r\nb\r\n"),
      ], endpoints: ["FT.SEARCH", "GET a"]),
    Joined(
      name: "HTTP, in a body, then a head in pieces",
      turns: [
        Talk(.server, "the end of a body"), Talk(.client, "GE"), Talk(.client, "T /a HTTP/1.1\r"),
        Talk(.client, "\nHost: a\r\n\r\n"),
        Talk(.server, "HTTP/1.1 204 No Content\r\n\r\n"),
        Talk(.client, "GET /b HTTP/1.1\r\n\r\n"), Talk(.server, "HTTP/1.1 204 No Content\r\n\r\n"),
      ], endpoints: ["/a", "/b"]),
    Joined(
      name: "DNS over TCP, the length by itself", port: 53,
      turns: [
        Talk(.client, bytes: [0, UInt8(DatagramTests.query(1).count)]),
        Talk(.client, bytes: DatagramTests.query(1)),
        Talk(.server, bytes: [0, UInt8(DatagramTests.answer(1).count)] + DatagramTests.answer(1)),
      ], endpoints: ["example.com"]),
  ]

  @Test(arguments: cases) func socketsLoseNoCall(joined: Joined) {
    var connection = Connection(serverPort: joined.port, isKnown: false)
    connection.captureLimit = 16_000
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    for (index, turn) in joined.turns.enumerated() {
      pipeline.feed(connection.send(turn.side, turn.bytes, at: dawn + Int64(index) * 1_000_000))
    }
    let batch = pipeline.takeBatch()
    for point in [ObservationPoint.clientProcess, .serverProcess] {
      let seen = batch.calls.filter { $0.observationPoint == point && $0.kind == .session }
      Self.expect(seen, joined, batch)
    }
    #expect(pipeline.tallies.conversations.balances)
  }

  @Test(arguments: cases) func packetsLoseNoCall(joined: Joined) {
    var connection = WireConnection()
    connection.server.port = joined.port
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    for (index, turn) in joined.turns.enumerated() {
      pipeline.feed(connection.send(turn.side, turn.bytes, at: dawn + Int64(index) * 1_000_000))
    }
    #expect(pipeline.tallies.balance)
    let batch = pipeline.end(at: dawn)
    Self.expect(batch.calls.filter { $0.kind == .session }, joined, batch)
    // Those that were over when the protocol was found say of the ends what the flow does.
    let flow = batch.flows.first
    #expect(batch.calls.allSatisfy { $0.directionScore == flow?.directionScore })
    #expect(batch.calls.allSatisfy { $0.server.port == joined.port })
  }

  private static func expect(_ calls: [CallRecord], _ joined: Joined, _ batch: RecordBatch) {
    let answered = calls.filter { $0.hasDuration && $0.status == .ok }
    #expect(answered.map { batch.string($0.texts.endpoint) } == joined.endpoints)
    #expect(answered.allSatisfy { $0.durationMicroseconds > 900 })
  }

  /// However the bytes come in, the records are the same.
  @Test(arguments: cases, [1, 3, 100]) func recordsDoNotDependOnTheChunks(
    joined: Joined, size: Int
  ) {
    func records(_ cut: (Observation) -> [Observation]) -> RecordBatch {
      var connection = Connection(serverPort: joined.port, isKnown: false)
      connection.captureLimit = 1_024
      var pipeline = FlowPipeline(protocols: builtInProtocols)
      for (index, turn) in joined.turns.enumerated() {
        let events = connection.send(turn.side, turn.bytes, at: dawn + Int64(index) * 1_000_000)
        for event in events { pipeline.feed(cut(event)) }
      }
      pipeline.finish(now: Timestamp(nanoseconds: dawn + 30_000_000_000))
      var batch = pipeline.takeBatch()
      batch.losses = []
      return batch
    }
    #expect(records { [$0] } == records { SimulationTests.cut($0, every: size) })
  }

  /// Bytes that are never understood are counted, and not kept.
  @Test func aBacklogThatNobodyReadsIsBoundedAndCounted() {
    var limits = FlowLimits()
    limits.backlogBytes = 100
    limits.recognitionTurns = 200
    var connection = Connection(serverPort: 20_130, isKnown: false)
    connection.server.isObserved = false
    var pipeline = FlowPipeline(limits: limits, protocols: builtInProtocols)
    for index in 0..<60 {
      let time = dawn + Int64(index) * 1_000_000
      pipeline.feed(connection.send(.client, Language.packet(0, [14]), at: time))
      pipeline.feed(connection.send(.server, Self.ok, at: time + 500_000))
    }
    let dropped = pipeline.tallies.conversations.droppedTotal
    #expect((100..<120).contains(dropped))
    pipeline.feed(connection.send(.client, Self.query, at: dawn + 100_000_000))
    pipeline.feed(connection.send(.server, Self.ok, at: dawn + 101_000_000))
    #expect(pipeline.takeBatch().calls.count { $0.hasDuration } >= 6)
    #expect(pipeline.tallies.conversations.balances)
    #expect(pipeline.tallies.conversations.received == 122)
  }
}
