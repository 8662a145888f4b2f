// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

/// What a client says first may be no request that anyone knows: when a server of HTTP answers it, it
/// is a call.
@Suite struct UnusualRequestTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var port: UInt16 = 20_131
    /// What the client sends, piece by piece.
    var said: [[UInt8]]
    var code: Int32 = 400
    var method = ""
    var resource: String?

    var testDescription: String { name }

    init(
      _ name: String, _ said: String..., port: UInt16 = 20_131, code: Int32 = 400,
      method: String = "", resource: String? = nil
    ) {
      self.init(
        name, bytes: said.map { Array($0.utf8) }, port: port, code: code, method: method,
        resource: resource)
    }

    init(
      _ name: String, bytes: [[UInt8]], port: UInt16 = 20_131, code: Int32 = 400,
      method: String = "", resource: String? = nil
    ) {
      self.name = name
      said = bytes
      self.port = port
      self.code = code
      self.method = method
      self.resource = resource
    }
  }

  static let hello: [UInt8] =
    [0x16, 3, 1, 0, 0x80, 1, 0, 0, 0x7c, 3, 3] + Array(repeating: 0x5a, count: 117)
  static let proxyV2: [UInt8] =
    [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12]
    + [10, 1, 2, 3, 10, 0, 0, 1, 0xc0, 1, 0, 80]
  static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

  static let cases = [
    Case("NOTIFY", "NOTIFY /n HTTP/1.1\r\nHost: h\r\n\r\n", code: 200, method: "NOTIFY"),
    Case("BAN, on Redis' port", "BAN / HTTP/1.1\r\n\r\n", port: 6_379, code: 200, method: "BAN"),
    Case("GET, on Redis' port", get, port: 6_379, code: 200, method: "GET", resource: "/a"),
    Case("FOO, on MySQL's port", "FOO / HTTP/1.1\r\n\r\n", port: 3_306, code: 200, method: "FOO"),
    Case("a word with signs", "m-search!x * HTTP/1.1\r\n\r\n", code: 200, method: "m-search!x"),
    Case("a word that begins with a digit", "1st / HTTP/1.1\r\n\r\n", method: "1st"),
    Case("small letters", "get /a HTTP/1.1\r\n\r\n", method: "get", resource: "/a"),
    Case(
      "a method of 300 letters", String(repeating: "M", count: 300) + " / HTTP/1.1\r\n\r\n",
      code: 501, method: String(repeating: "M", count: 300)),
    Case(
      "a target of 9,000 letters",
      "GET /\(String(repeating: "t", count: 9_000)) HTTP/1.1\r\nHost: h\r\n\r\n", code: 414,
      method: "GET"),
    Case(
      "a blank in the target", "GET /a b HTTP/1.1\r\n\r\n", method: "GET", resource: "/a b"),
    Case("two blanks and a tab", "GET  /a \tHTTP/1.1 \r\n\r\n", method: "GET", resource: "/a"),
    Case("a blank in the version", "GET /a HTTP /1.1\r\nHost: h\r\n\r\n", method: "GET"),
    Case("no blank before the version", "GET /aHTTP/1.1\r\nHost: h\r\n\r\n", method: "GET"),
    Case("a version in small letters", "GET /a http/1.1\r\n\r\n", method: "GET", resource: "/a"),
    Case("version 3.7", "GET /a HTTP/3.7\r\n\r\n", code: 505, method: "GET", resource: "/a"),
    Case("no version, as HTTP/0.9", "GET /a\r\n", code: 200, method: "GET", resource: "/a"),
    Case("a word alone", "HELO\r\n", method: "HELO"),
    Case("a word that no line ends", "HELO", code: 408, method: "HELO"),
    Case("half a head", "GET /a HTTP/1.1\r\nHost: h", code: 408, method: "GET", resource: "/a"),
    Case("an empty line first", "\r\n\(get)", code: 200, method: "GET", resource: "/a"),
    Case("empty lines, one by one", "\r\n", "\n", "\r\n", get, code: 200, method: "GET"),
    Case("line feeds alone", "GET /a HTTP/1.1\nHost: h\n\n", code: 200, method: "GET"),
    Case("an asterisk", "FOO * HTTP/1.1\r\n\r\n", code: 200, method: "FOO", resource: "*"),
    Case(
      "an absolute target", "FOO http://h/a?b HTTP/1.1\r\n\r\n", code: 200, method: "FOO",
      resource: "/a?b"),
    Case(
      "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"),
    Case("a TLS hello", bytes: [hello]),
    Case("a hello of TLS that is one", bytes: [TLSTalks.handshake(TLSTalks.hello13)]),
    Case("a TLS hello in pieces", bytes: [Array(hello[..<60]), Array(hello[60...])]),
    Case("zeros, on HTTP's port", bytes: [Array(repeating: 0, count: 40)], port: 80),
    Case("3,000 bytes of nothing", bytes: [Array(repeating: 0xfe, count: 3_000)]),
    Case("a control byte in the target", "GET /\u{1}a HTTP/1.1\r\n\r\n", method: "GET"),
    Case("a command of Redis", "*1\r\n$4\r\nPING\r\n"),
    Case("commands of Redis", "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
    Case("PostgreSQL asks for TLS", bytes: [[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]]),
    Case(
      "a login of PostgreSQL", bytes: [[0, 0, 0, 18, 0, 3, 0, 0] + Array("user\0ann\0\0".utf8)]),
    Case("a query of PostgreSQL", bytes: [Language.message("Q", "SELECT 1\0")]),
    Case(
      "who asks, in text", "PROXY TCP4 10.1.2.3 10.0.0.1 4711 80\r\n\(get)", code: 200,
      method: "GET", resource: "/a"),
    Case(
      "who asks, by itself", "PROXY UNKNOWN\r\n", get, code: 200, method: "GET", resource: "/a"),
    Case(
      "who asks, in binary", bytes: [proxyV2 + Array(get.utf8)], code: 200, method: "GET",
      resource: "/a"),
    Case(
      "who asks, in binary, in pieces",
      bytes: [Array(proxyV2[..<9]), Array(proxyV2[9...]), Array(get.utf8)], code: 200,
      method: "GET", resource: "/a"),
    Case(
      "who asks, before a method that nobody knows",
      bytes: [proxyV2 + Array("ban / HTTP/1.1\r\n\r\n".utf8)], code: 405, method: "ban"),
  ]

  static func response(_ code: Int32) -> [UInt8] {
    Array("HTTP/1.1 \(code) Why\r\nContent-Length: 0\r\n\r\n".utf8)
  }

  @Test(arguments: cases) func packetsTellOfTheCall(unusual: Case) {
    var connection = WireConnection()
    connection.server.port = unusual.port
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    for (index, piece) in unusual.said.enumerated() {
      pipeline.feed(connection.send(.client, piece, at: dawn + Int64(index) * 1_000))
    }
    pipeline.feed(connection.send(.server, Self.response(unusual.code), at: dawn + 1_000_000))
    // What a client says to that is not answered.
    pipeline.feed(connection.send(.client, [0x15, 3, 1, 0, 2, 2, 50], at: dawn + 2_000_000))
    #expect(pipeline.tallies.balance)
    let batch = pipeline.end(at: dawn)
    Self.expect(batch.calls, unusual, batch)
    #expect(batch.flows.map(\.applicationProtocol.rawValue) == [20])
    #expect(batch.flows.first?.figures.requests == 1)
  }

  @Test(arguments: cases, [true, false]) func socketsTellOfTheCall(unusual: Case, isKnown: Bool) {
    var connection = Connection(serverPort: unusual.port, isKnown: isKnown)
    connection.client.isObserved = false
    connection.captureLimit = 16_000
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    for (index, piece) in unusual.said.enumerated() {
      pipeline.feed(connection.send(.client, piece, at: dawn + Int64(index) * 1_000))
    }
    pipeline.feed(
      connection.send(.server, Self.response(unusual.code), at: dawn + 1_000_000))
    pipeline.feed(connection.close(at: dawn + 3_000_000))
    let batch = pipeline.takeBatch()
    Self.expect(batch.calls, unusual, batch)
    #expect(pipeline.tallies.conversations.balances && pipeline.pendingCount == 0)
  }

  private static func expect(_ calls: [CallRecord], _ unusual: Case, _ batch: RecordBatch) {
    #expect(calls.map(\.responseCode) == [unusual.code])
    for call in calls {
      #expect(call.applicationProtocol.rawValue == 20 && call.kind == .session)
      // Nothing is left of what it was taken for.
      if unusual.name.contains("TLS") { #expect(call.attributes == .empty) }
      #expect(batch.string(call.texts.requestType) == unusual.method)
      #expect(call.server.port == unusual.port)
      if let resource = unusual.resource {
        #expect(batch.string(call.texts.requestResource) == resource)
      }
      #expect(call.hasDuration && call.durationMicroseconds > 900)
    }
  }

  /// Later requests too: each answer has its request.
  @Test func aKnownConnectionKeepsItsPairs() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    let turns: [([UInt8], Int32)] = [
      (Array(Self.get.utf8), 200), (Array("ban /a b HTTP/1.1\r\n\r\n".utf8), 405),
      (Array(Self.get.utf8), 204), (Self.hello, 400),
    ]
    for (index, (said, code)) in turns.enumerated() {
      let time = dawn + Int64(index) * 10_000_000
      pipeline.feed(connection.send(.client, said, at: time))
      pipeline.feed(connection.send(.server, Self.response(code), at: time + 1_000_000))
    }
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.map(\.responseCode) == [200, 405, 204, 400])
    #expect(
      batch.calls.map { batch.string($0.texts.requestType) } == ["GET", "ban", "GET", ""])
  }

  /// A response to the first of two requests does not end the second, which is still being sent.
  @Test func aRequestThatIsStillComingIsNotCut() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    pipeline.feed(connection.send(.client, Self.get + "GET /b HT", at: dawn))
    pipeline.feed(connection.send(.server, Self.response(200), at: dawn + 1_000_000))
    pipeline.feed(connection.send(.client, "TP/1.1\r\n\r\n", at: dawn + 2_000_000))
    pipeline.feed(connection.send(.server, Self.response(201), at: dawn + 3_000_000))
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.map(\.responseCode) == [200, 201])
    #expect(batch.calls.map { batch.string($0.texts.requestResource) } == ["/a", "/b"])
  }

  /// What is answered in no known protocol is no call, and nothing of it is kept.
  @Test func garbageThatIsAnsweredWithGarbageIsNothing() {
    var connection = WireConnection()
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(connection.handshake(at: dawn - 1_000_000))
    for turn in 0..<6 {
      let time = dawn + Int64(turn) * 1_000_000
      pipeline.feed(connection.send(turn % 2 == 0 ? .client : .server, Self.hello, at: time))
    }
    #expect(pipeline.tallies.balance)
    let dropped = pipeline.tallies.conversations.dropped
    #expect(dropped == [Tally.Drop(reason: .unknownProtocol, count: 6)])
    #expect(pipeline.end(at: dawn).calls.isEmpty)
  }
}
