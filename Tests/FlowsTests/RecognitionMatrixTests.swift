// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Flows

/// First bytes of what is on the wire against every recogniser: who says yes, who cannot tell yet, who says
/// no. A protocol that joins the others must not take their bytes for its own.
@Suite struct RecognitionMatrixTests {
  /// First bytes, and what each protocol says of them on a port that is nobody's: who says yes by its
  /// name, who cannot tell yet behind a `?`; all others say no. DNS on a stream has a header of 14 bytes
  /// to look at, so it cannot tell of a few.
  struct Opening: Sendable, CustomTestStringConvertible {
    var name: String
    var side: Side?
    var bytes: [UInt8]
    var answers: String
    var transport = TransportProtocol.tcp

    var testDescription: String { name }

    init(
      _ name: String, _ side: Side?, _ bytes: [UInt8], _ answers: String,
      _ transport: TransportProtocol = .tcp
    ) {
      (self.name, self.side, self.bytes, self.answers) = (name, side, bytes, answers)
      self.transport = transport
    }

    init(_ name: String, _ side: Side?, _ text: String, _ answers: String) {
      self.init(name, side, Array(text.utf8), answers)
    }
  }

  private static let query: [UInt8] = [
    0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x77, 0x77, 0x77, 2, 0x65, 0x78, 0, 0, 1, 0, 1,
  ]
  private static let reply: [UInt8] = [
    0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x77, 0x77, 0x77, 2, 0x65, 0x78, 0, 0, 1, 0,
    1,
  ]

  private static func mySQL(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8(body.count), 0, 0, number] + body
  }

  private static func postgres(_ type: Character, _ body: [UInt8]) -> [UInt8] {
    [type.asciiValue!, 0, 0, 0, UInt8(body.count + 4)] + body
  }

  static let readHere: [Opening] = [
    .init("HTTP request", .client, "GET /a HTTP/1.1\r\nHost: b\r\n\r\n", "HTTP"),
    .init("HTTP request, joined", nil, "POST /a HTTP/1.1\r\nHost: b\r\n\r\n", "HTTP"),
    .init("HTTP response", .server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP"),
    .init("HTTP response, joined", nil, "HTTP/1.0 404 Not Found\r\n\r\n", "HTTP"),
    .init("HTTP method alone", .client, "GET", "?HTTP,?DNS"),
    .init("PROXY header", .client, "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "?HTTP"),
    .init(
      "MySQL greeting", .server,
      mySQL(
        0,
        [10] + Array("8.0.36\0".utf8) + [1, 0, 0, 0] + Array("abcdefgh\0".utf8)
          + [UInt8](repeating: 1, count: 30)), "MySQL"),
    .init(
      "MySQL login", .client,
      mySQL(1, [0x85, 0xa6, 0xff, 1, 0, 0, 0, 1, 33] + [UInt8](repeating: 0, count: 30)), "MySQL"),
    .init("MySQL query", .client, mySQL(0, [3] + Array("SELECT 1".utf8)), "MySQL"),
    .init("MySQL answer", .server, mySQL(1, [0, 0, 0, 2, 0, 0, 0]), "?MySQL,?DNS"),
    .init(
      "PostgreSQL startup", .client,
      [0, 0, 0, 20, 0, 3, 0, 0] + Array("user\0me\0\0\0\0\0".utf8), "PostgreSQL"),
    .init("PostgreSQL asks for TLS", .client, [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], "PostgreSQL"),
    .init(
      "PostgreSQL query", .client, postgres("Q", Array("SELECT 1\0".utf8)), "PostgreSQL"),
    .init(
      "PostgreSQL authentication", .server, postgres("R", [0, 0, 0, 0]), "?PostgreSQL,?DNS,?MongoDB"
    ),
    .init("PostgreSQL ready", .server, postgres("Z", [0x49]), "?PostgreSQL,?DNS,?MongoDB"),
    .init("Redis command", .client, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "Redis"),
    .init("Redis status", .server, "+OK\r\n", "?Redis,?DNS,?NATS"),
    .init("Redis bulk", .server, "$3\r\nabc\r\n", "?Redis"),
    .init("Redis inline", .client, "PING\r\n", "?DNS,?NATS"),
    .init("DNS query", .client, query, "DNS", .udp),
    .init("DNS response", .server, reply, "DNS", .udp),
    .init("DNS query, stream", .client, [0, 24] + query, "DNS"),
    .init("DNS response, stream", .server, [0, 24] + reply, "DNS"),
    .init(
      "Kafka request", .client,
      [0, 0, 0, 20, 0, 18, 0, 3, 0, 0, 0, 1, 0, 6] + Array("client".utf8) + [0, 1, 1, 1], "Kafka"),
    .init(
      "MongoDB", .client,
      MongoDBTalks.message(.client, id: 1, [("ping", .int(1)), ("$db", .text("d"))]).bytes,
      "MongoDB"),
    .init(
      "MongoDB, older", .client,
      MongoDBTalks.query("admin.$cmd", id: 0, [("isMaster", .int(1))]).bytes, "MongoDB"),
    .init(
      "MongoDB's answer", .server,
      MongoDBTalks.message(.server, id: 9, to: 1, [("ok", .int(1))]).bytes, "MongoDB"),
    .init("MQTT", .client, [0x10, 18, 0, 4] + Array("MQTT".utf8) + [4, 2, 0, 60, 0, 6], "MQTT"),
    .init(
      "MQTT subscribes", .client, [0x82, 8, 0, 1, 0, 3] + Array("a/b".utf8) + [0],
      "MQTT,?SOME/IP"),
    .init("MQTT's answer", .server, [0x20, 2, 0, 0], "?MQTT,?DNS,?MongoDB,?MySQL,?SOME/IP"),
    .init("NATS", .server, "INFO {\"server_id\":\"A\"}\r\n", "NATS"),
    .init("NATS connects", .client, "CONNECT {\"verbose\":false}\r\n", "NATS"),
    .init("NATS publishes", .client, "PUB a 2\r\nhi\r\n", "NATS"),
    .init("AMQP", .client, Array("AMQP".utf8) + [0, 0, 9, 1], "AMQP"),
    .init("AMQP asks", .client, AMQPTalks.declare("a").bytes, "AMQP,?Diameter"),
    .init("Cassandra", .client, [4, 0, 0, 0, 5, 0, 0, 0, 0], "Cassandra,?DNS"),
    .init("Cassandra query", .client, CassandraTalks.statement(7, "SELECT 1").bytes, "Cassandra"),
    .init(
      "RocketMQ", .client, RocketMQTalks.json(.client, code: 34, opaque: 1).bytes, "RocketMQ"),
    .init("Memcached set", .client, "set k 0 0 1\r\na\r\n", "Memcached"),
    .init("Memcached get", .client, "get key\r\n", "?Memcached"),
    .init("Memcached value", .server, "VALUE k 0 1\r\na\r\nEND\r\n", "Memcached"),
    .init(
      "Memcached, binary", .client,
      [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 12) + [0x6b],
      "Memcached"),
  ]

  static let http2: [Opening] = [
    .init("HTTP/2 preface", .client, HTTP2Talks.preface, "HTTP2"),
    .init("HTTP/2 settings", .server, HTTP2Talks.settings(), "HTTP2"),
    .init("HTTP/2 request", nil, HTTP2Talks.request(7), "HTTP2"),
    .init("HTTP/2 response", nil, HTTP2Talks.response(7), "?MySQL,HTTP2"),
    .init("HTTP/2 window", nil, HTTP2Talks.frame(8, [0, 0, 1, 0]), "?Kafka,?HTTP2"),
  ]

  static let readNowhere: [Opening] = [
    .init("FTP command", .client, "USER anonymous\r\n", ""),
    .init("QUIC", .client, [0xc3, 0, 0, 0, 1, 8] + Array(1...60), "", .udp),
  ]

  @Test(arguments: readHere + brokers + rpc + http2 + hosts + readNowhere)
  func everyProtocolSaysWhatItShould(opening: Opening) {
    let context = RecognitionContext(
      transport: opening.transport, side: opening.side, serverPort: 9_999)
    let asked = builtInProtocols.filter { $0.descriptor.transports.contains(opening.transport) }
    let seen = asked.compactMap { kind -> String? in
      switch kind.recognize(opening.bytes.span, context: context) {
      case .no: nil
      case .undecided: "?" + kind.descriptor.name
      case .yes: kind.descriptor.name
      }
    }
    #expect(seen.sorted() == opening.answers.split(separator: ",").map(String.init).sorted())
  }

  /// Whoever would say anything but no is asked: the openings leave nothing out. Likewise of bytes that
  /// are a little different.
  @Test(arguments: UInt64(0)..<40) func theIndexLeavesNobodyOut(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let index = RecognitionIndex(builtInProtocols)
    for opening in Self.readHere + Self.brokers + Self.rpc + Self.http2 + Self.hosts
      + Self.readNowhere
    {
      var bytes = opening.bytes
      if seed > 0 {
        for _ in 0...random.next() % 3 {
          bytes[Int(random.next() % UInt64(min(bytes.count, 12)))] = UInt8(
            truncatingIfNeeded: random.next())
        }
      }
      for side in [Side.client, .server, nil] {
        let context = RecognitionContext(
          transport: opening.transport, side: side, serverPort: 9_999)
        let found = index.candidates(bytes.span, on: opening.transport, own: 0)
        for (number, kind) in builtInProtocols.enumerated()
        where kind.descriptor.transports.contains(opening.transport) {
          let answer = kind.recognize(bytes.span, context: context)
          let isAsked = found & 1 << ProtocolSet(number) != 0
          // Of few bytes the openings may see what the recogniser sees with a few more.
          let isFew = answer == .undecided && bytes.count < Openings.places
          #expect(
            isAsked || answer == .no || isFew, "seed \(seed): \(kind.descriptor.name), \(bytes)")
        }
      }
    }
  }

  /// However many protocols there are: of bytes that are nobody's, nobody is asked.
  @Test func whatIsNobodysCostsTheSameForFiftyProtocols() {
    let kinds = (0..<60 as Range<UInt8>).map { Counted(number: 100 + $0, first: $0) }
    let index = RecognitionIndex(kinds)
    #expect(index.candidates([0xff, 1, 2].span, on: .tcp, own: 0) == 0)
    #expect(index.candidates([7, 1, 2].span, on: .tcp, own: 0) == 1 << 7)
    #expect(index.candidates([7, 1, 2].span, on: .tcp, own: 1 << 9) == 1 << 7 | 1 << 9)
  }

  private struct Counted: ProtocolKind {
    var number: UInt8
    var first: UInt8

    var descriptor: ProtocolDescriptor {
      ProtocolDescriptor(
        number: ApplicationProtocol(rawValue: number), name: "P\(number)", pairing: .order,
        defaultPorts: [])
    }

    func openings(on transport: TransportProtocol) -> Openings {
      Openings().with(ByteSet([first]), at: 0)
    }

    func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition { .no }

    func makeParser(_ context: ConversationContext) -> any ProtocolParser { LineParser() }
  }
}
