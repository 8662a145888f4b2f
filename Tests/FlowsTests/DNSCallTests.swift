// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Which answer is to which question, and which questions need none.
@Suite struct DNSCallTests {
  static let group: UInt32 = 0xe000_00fb

  static func question(_ name: String, type: UInt16) -> [UInt8] {
    var bytes: [UInt8] = []
    for label in name.split(separator: ".") {
      bytes.append(UInt8(label.utf8.count))
      bytes += Array(label.utf8)
    }
    return bytes + [0, UInt8(type >> 8), UInt8(type & 255), 0, 1]
  }

  static func query(_ name: String, type: UInt16 = 1, id: UInt8 = 7) -> [UInt8] {
    [0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question(name, type: type)
  }

  /// An answer that says 1.2.3.4, or an error.
  static func answer(
    _ name: String, type: UInt16 = 1, id: UInt8 = 7, code: UInt8 = 0, hasQuestion: Bool = true
  ) -> [UInt8] {
    let header: [UInt8] = [0, id, 0x81, code, 0, hasQuestion ? 1 : 0, 0, code == 0 ? 1 : 0]
    var bytes = header + [0, 0, 0, 0] + (hasQuestion ? question(name, type: type) : [])
    if code == 0 {
      bytes += question(name, type: 1) + [0, 0, 0, 60, 0, 4, 1, 2, 3, 4]
    }
    return bytes
  }

  static func lookup(_ connection: WireConnection, _ turns: [(Side, [UInt8])]) -> RecordBatch {
    var connection = connection
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    for (index, turn) in turns.enumerated() {
      pipeline.feed(connection.send(turn.0, turn.1, at: dawn + Int64(index) * 1_000_000))
    }
    #expect(pipeline.tallies.balance)
    return pipeline.end(at: dawn)
  }

  static func connection(to port: UInt16 = 53) -> WireConnection {
    var connection = WireConnection()
    connection.isUDP = true
    connection.server.port = port
    return connection
  }

  static func describe(_ batch: RecordBatch) -> [String] {
    batch.calls.map {
      let code = $0.responseCode.map { " \($0)" } ?? ""
      return batch.string($0.texts.requestType) + " " + batch.string($0.texts.requestResource)
        + code + ($0.hasDuration ? " after \($0.durationMicroseconds / 1_000)" : "")
    }
  }

  /// Resolvers ask for both addresses under one id; the names may come back in another case.
  @Test func equalIdentifiersAreToldApartByTheirQuestion() {
    let calls = Self.describe(
      Self.lookup(
        Self.connection(),
        [
          (.client, Self.query("x.com")), (.client, Self.query("x.com", type: 28)),
          (.server, Self.answer("X.cOm", type: 28, code: 3)), (.server, Self.answer("x.com")),
          (.client, Self.query("a.x.com")), (.client, Self.query("b.x.com")),
          (.server, Self.answer("b.x.com")), (.server, Self.answer("a.x.com", code: 5)),
        ]))
    #expect(
      calls == [
        "AAAA x.com 3 after 1", "A x.com 0 after 3", "A b.x.com 0 after 1",
        "A a.x.com 5 after 3",
      ])
  }

  /// What says of no question that it answers it, answers by its id; of another, it does not.
  @Test func anAnswerWithoutAQuestionIsToItsIdentifier() {
    let calls = Self.describe(
      Self.lookup(
        Self.connection(),
        [
          (.client, Self.query("x.com")), (.server, Self.answer("y.com")),
          (.server, Self.answer("", code: 2, hasQuestion: false)),
          (.client, Self.query("z.com")), (.server, Self.answer("z.com", hasQuestion: false)),
        ]))
    #expect(calls == ["A x.com 2 after 2", "A z.com 0 after 1"])
  }

  /// A question to a group is told at once, and as no error; what a host tells the group is no answer.
  @Test(arguments: [5_353, 5_355, 4_000] as [UInt16]) func aGroupNeedsNotAnswer(port: UInt16) throws
  {
    var connection = Self.connection(to: port)
    connection.client.port = port
    connection.server.address = Self.group
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    let said = [
      Self.query("a.local", id: 0), Self.answer("b.local", id: 0, hasQuestion: false),
      Self.answer("a.local", id: 0, hasQuestion: false),
    ]
    for (index, bytes) in said.enumerated() {
      pipeline.feed(connection.send(.client, bytes, at: dawn + Int64(index) * 1_000_000))
    }
    #expect(pipeline.pendingCount == 0 && pipeline.tallies.calls.droppedTotal == 0)
    let batch = pipeline.end(at: dawn)
    #expect(Self.describe(batch) == ["A a.local"])
    let call = try #require(batch.calls.first)
    #expect(call.kind == .request && call.status == .ok)
    #expect(call.server.address == IPAddress(v4: Self.group))
    #expect(batch.flows.first?.server.address == IPAddress(v4: Self.group))
    #expect(batch.flows.first?.figures.timeouts == 0)
  }

  /// Neither is a group the client when its members speak first.
  @Test func anAnnouncementHasItsSenderAsTheClient() {
    var connection = Self.connection(to: 5_353)
    connection.client.port = 5_353
    connection.server.address = Self.group
    let batch = Self.lookup(
      connection, [(.client, Self.answer("b.local", id: 0, hasQuestion: false))])
    #expect(batch.calls.isEmpty)
    #expect(batch.flows.map(\.client.address) == [IPAddress(v4: connection.client.address)])
  }

  /// The socket that asked a group is answered by one of it, under an address of its own.
  @Test func aSocketThatAsksAGroupIsAnsweredByAMember() throws {
    var connection = Connection(serverPort: 5_355, isKnown: false)
    connection.transport = .udp
    connection.server.isObserved = false
    connection.server.address = IPAddress(v4: 0xe000_00fc)
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    pipeline.feed(connection.send(.client, Self.query("h"), at: dawn))
    pipeline.feed(connection.send(.client, Self.query("nobody", id: 8), at: dawn + 1_000))
    connection.server.address = IPAddress(v4: 0x0a00_0009)
    pipeline.feed(connection.send(.server, Self.answer("h"), at: dawn + 1_000_000))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 30_000_000_000))
    let batch = pipeline.takeBatch()
    #expect(batch.calls.map(\.status) == [.ok, .ok])
    #expect(batch.calls.map(\.kind) == [.session, .request])
  }

  /// A host's responder hears every question of its network and answers those for its own names.
  @Test func aResponderThatKeepsSilentIsNoTimeout() {
    var connection = Connection(serverPort: 5_353, isKnown: false)
    connection.transport = .udp
    connection.client.isObserved = false
    connection.client.port = 5_353
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    pipeline.feed(connection.send(.client, Self.query("other.local", id: 0), at: dawn))
    pipeline.feed(connection.send(.client, Self.query("own.local", id: 0), at: dawn + 1_000_000))
    connection.client.address = IPAddress(v4: Self.group)
    let answer = Self.answer("own.local", id: 0, hasQuestion: false)
    pipeline.feed(connection.send(.server, answer, at: dawn + 2_000_000))
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 30_000_000_000))
    let batch = pipeline.takeBatch()
    #expect(Self.describe(batch) == ["A own.local 0 after 0", "A other.local"])
    #expect(batch.calls.map(\.status) == [.ok, .ok])
  }

  /// NetBIOS' packets are alike, but not DNS.
  @Test(arguments: [(137, 137), (40_001, 137), (138, 138), (40_001, 4_000)] as [(UInt16, UInt16)])
  func namesOfNetBIOSAreNotDNS(from: UInt16, to: UInt16) {
    var connection = Self.connection(to: to)
    connection.client.port = from
    let name = String(repeating: "CKFHEPFCELEHFCEP", count: 2)
    let batch = Self.lookup(
      connection, [(.client, Self.query(name, type: 32)), (.client, Self.query(name, type: 33))])
    #expect(batch.calls.isEmpty)
    #expect(batch.flows.count == 1)
  }

  /// A transfer ends with its last message, however many there are.
  @Test func aTransferLastsToItsLastMessage() throws {
    func record(_ type: UInt8, _ count: UInt8) -> [UInt8] {
      [1, 0x78, 0, 0, type, 0, 1, 0, 0, 0, 60, 0, count] + [UInt8](repeating: 0, count: Int(count))
    }
    func framed(_ body: [UInt8]) -> [UInt8] {
      [UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }
    func message(_ records: [[UInt8]]) -> [UInt8] {
      let header: [UInt8] = [0, 7, 0x84, 0, 0, 0, 0, UInt8(records.count), 0, 0, 0, 0]
      return framed(header + records.flatMap { $0 })
    }
    var connection = WireConnection()
    connection.server.port = 53
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    let start = record(6, 22)
    let turns: [(Side, [UInt8])] = [
      (.client, framed(Self.query("x", type: 252))), (.server, message([start, record(1, 4)])),
      (.server, message([record(1, 4)])), (.server, message([record(1, 4), start])),
      (.client, framed(Self.query("x", type: 6, id: 8))),
      (.server, framed(Self.answer("x", type: 6, id: 8, code: 5))),
    ]
    for (index, turn) in turns.enumerated() {
      pipeline.feed(connection.send(turn.0, turn.1, at: dawn + Int64(index) * 100_000_000))
    }
    #expect(pipeline.pendingCount == 0)
    let batch = pipeline.end(at: dawn)
    #expect(Self.describe(batch) == ["AXFR x 0 after 300", "SOA x 5 after 100"])
  }
}
