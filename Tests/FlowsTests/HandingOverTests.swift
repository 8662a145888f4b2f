// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Conversations that go on in another protocol than they began in.
@Suite struct HandingOverTests {
  private struct Talked {
    var calls: [String] = []
    var verdicts: [SocketVerdict] = []
    var tallies = FlowTallies()
  }

  private func talk(port: UInt16, _ turns: [(Side, [UInt8])]) -> Talked {
    var connection = Connection(serverPort: port)
    connection.client.isObserved = false
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    var talked = Talked()
    for (index, (side, bytes)) in turns.enumerated() {
      pipeline.feed(connection.send(side, bytes, at: dawn + Int64(index) * 100_000))
      pipeline.takeVerdicts(into: &talked.verdicts)
    }
    let batch = pipeline.takeBatch()
    talked.calls = batch.calls.map {
      "\($0.applicationProtocol.rawValue) \(batch.string($0.texts.requestType))"
    }
    talked.tallies = pipeline.tallies
    #expect(talked.tallies.conversations.balances && talked.tallies.calls.balances)
    return talked
  }

  private func text(_ side: Side, _ text: String) -> (Side, [UInt8]) { (side, Array(text.utf8)) }

  private let silence = SocketVerdict.Wanted.nothing

  /// The first request may come together with the answer that opens the tunnel, or alone.
  @Test func whatComesThroughATunnelIsRecognisedAnew() {
    let talked = talk(
      port: 3_128,
      [
        text(.client, "CONNECT db:6379 HTTP/1.1\r\nHost: db\r\n\r\n"),
        text(.server, "HTTP/1.1 200 Connection established\r\n\r\n"),
        text(.client, "*1\r\n$4\r\nPING\r\n"), text(.server, "+PONG\r\n"),
        text(.client, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), text(.server, "$-1\r\n"),
      ])
    #expect(talked.calls == ["20 CONNECT", "80 PING", "80 GET"])
    #expect(talked.tallies.conversations.dropped.isEmpty)
  }

  @Test func anUpgradeThatNobodyReadsIsGivenUp() {
    var turns = [
      text(.client, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"),
      text(.server, "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ]
    for _ in 0..<20 {
      turns.append((.server, [0x82, 0x02, 0xf0, 0xf1]))
      turns.append((.client, [0x82, 0x82, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5]))
    }
    let talked = talk(port: 80, turns)
    #expect(talked.calls == ["20 GET"])
    #expect(talked.verdicts.last == SocketVerdict(socket: 3, silence))
  }

  /// A peer may say that it hands over as often as it likes.
  @Test func handOversAreBounded() {
    let heads = String(repeating: "HTTP/1.1 101 Switching Protocols\r\n\r\n", count: 30)
    let talked = talk(
      port: 80,
      [
        text(.client, "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"), text(.server, heads),
        text(.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      ])
    #expect(talked.calls == ["20 GET"])
    #expect(talked.verdicts.last == SocketVerdict(socket: 3, silence))
  }

  /// Nobody reads cipher text: it is asked for no more as soon as it is agreed on.
  @Test func whereTLSIsAgreedOnNothingMoreIsCopied() {
    var login = [UInt8](repeating: 0, count: 32)
    login[1] = 0x0a
    let mySQL = talk(
      port: 3_306, [(.client, Language.packet(1, login)), (.client, [22, 3, 1, 0, 4, 1, 2, 3, 4])])
    #expect(mySQL.verdicts.last == SocketVerdict(socket: 3, silence))
    let postgreSQL = talk(
      port: 5_432,
      [(.client, [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), (.server, [0x53]), (.client, [22, 3, 1])])
    #expect(postgreSQL.verdicts.last == SocketVerdict(socket: 3, silence))
    for talked in [mySQL, postgreSQL] {
      #expect(talked.calls.isEmpty)
      #expect(talked.tallies.conversations.dropped.allSatisfy { $0.reason != .parseFailed })
    }
  }

  @Test func whereTLSIsRefusedThePlainTextIsRead() {
    let talked = talk(
      port: 5_432,
      [
        (.client, [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), (.server, [0x4e]),
        (.client, Language.message("Q", "SELECT a FROM t\0")),
        (.server, Language.message("C", "SELECT 1\0") + Language.message("Z", "I")),
      ])
    #expect(talked.calls == ["61 simple query"])
  }
}
