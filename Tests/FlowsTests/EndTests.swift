// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Answers whose end decides what they are, as probes see them: the front of each send.
@Suite struct EndTests {
  /// 60 rows and an error behind them, of which the probe copies less and less.
  @Test(arguments: [65_536, 16_384, 1_024, 300, 64])
  func anAnswerWhoseEndIsNotSeenIsNoSuccess(captured: Int) throws {
    let records = try talk(captured: captured, tail: nil)
    #expect(records[0].status == (captured == 65_536 ? .serverError : .unknown))
    #expect(records[0].responseCode == (captured == 65_536 ? 3_024 : nil))
    #expect(records[1].status == .ok)
  }

  /// The last bytes of the send come as an event of their own, behind a hole.
  @Test(arguments: [1_500, 600, 60])
  func theEndOfASendTellsIt(tail: Int) throws {
    for captured in [16_384, 1_024, 300] {
      let records = try talk(captured: captured, tail: tail)
      #expect(records[0].status == .serverError && records[0].responseCode == 3_024)
      #expect(records[1].status == .ok)
    }
  }

  /// A query, its answer in one send, and a query that is answered in the usual way.
  private func talk(captured: Int, tail: Int?) throws -> [CallRecord] {
    var connection = Connection(serverPort: 3_306)
    connection.server.isObserved = false
    connection.captureLimit = captured
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    pipeline.feed(connection.send(.client, query("SELECT a FROM t"), at: dawn))
    let answer = result(rows: 60, error: 3_024)
    if let tail {
      let front = Array(answer.dropLast(tail))
      pipeline.feed(connection.send(.server, front, at: dawn + 1_000_000))
      connection.captureLimit = 65_536
      pipeline.feed(connection.send(.server, Array(answer.suffix(tail)), at: dawn + 1_000_000))
      connection.captureLimit = captured
    } else {
      pipeline.feed(connection.send(.server, answer, at: dawn + 1_000_000))
    }
    pipeline.feed(connection.send(.client, query("SELECT 2"), at: dawn + 2_000_000))
    pipeline.feed(
      connection.send(.server, packet([0, 0, 0, 2, 0, 0, 0], 1), at: dawn + 3_000_000))
    let calls = pipeline.takeBatch().calls
    try #require(calls.count == 2)
    return calls
  }

  private func result(rows: Int, error: UInt16) -> [UInt8] {
    let column: [UInt8] =
      [3] + Array("def".utf8) + [0, 0, 0, 1, 0x61, 0, 12, 63, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0]
    let row = [0xfc, 0xe8, 3] + [UInt8](repeating: 0x78, count: 1_000)
    let failure =
      [0xff, UInt8(error & 0xff), UInt8(error >> 8)] + Array("#HY000Query interrupted".utf8)
    let bodies =
      [[1], column, [0xfe, 0, 0, 2, 0]] + Array(repeating: row, count: rows) + [failure]
    return bodies.enumerated().flatMap { packet($1, $0 + 1) }
  }

  private func query(_ text: String) -> [UInt8] { packet([3] + Array(text.utf8), 0) }

  private func packet(_ body: [UInt8], _ sequence: Int) -> [UInt8] {
    [UInt8(body.count & 0xff), UInt8(body.count >> 8), 0, UInt8(sequence)] + body
  }
}

/// A marked secret is in no text that leaves the pipeline, whatever is captured of a call.
@Suite struct SecretTests {
  private static let mark = "Zq9xWv7k"

  @Test(arguments: [
    (
      80, "GET /a?token=~&x=1 HTTP/1.1\r\nCookie: ~\r\nReferer: http://a:~@b/?c=~\r\n\r\n",
      "HTTP/1.1 401 token=~\r\nSet-Cookie: a=~\r\nContent-Length: 8\r\n\r\n~"
    ),
    (
      6_379, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\n~\r\n", "-ERR unknown command 'SET', with '~'\r\n"
    ),
    (6_379, "SET k \"a ~ b\"\r\n", "+~\r\n"),
    (5_432, "Q\0\0\0\u{24}SELECT '~', $$~$$\0", "E\0\0\0\u{25}C22P02\0Mx: \"~\"\0D~\0\0"),
  ])
  func nothingThatLeavesHoldsIt(port: UInt16, request: String, answer: String) {
    let request = Array(request.replacing("~", with: Self.mark).utf8)
    let answer = Array(answer.replacing("~", with: Self.mark).utf8)
    for limit in Array(1...(request.count + 1)) {
      var connection = Connection(serverPort: port)
      connection.captureLimit = limit
      var pipeline = FlowPipeline(protocols: builtInProtocols)
      pipeline.feed(connection.send(.client, request, at: dawn))
      pipeline.feed(connection.send(.server, answer, at: dawn + 1_000))
      pipeline.finish(now: Timestamp(nanoseconds: dawn + 10_000_000_000))
      let text = String(decoding: pipeline.takeBatch().text, as: UTF8.self)
      let letters = Array(Self.mark)
      let shown = (0...4).contains { text.contains(String(letters[$0..<($0 + 4)])) }
      #expect(!shown, "of \(limit) bytes: \(text)")
    }
  }
}
