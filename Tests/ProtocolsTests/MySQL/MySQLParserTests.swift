// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct MySQLParserTests {
  @Test func aQueryAndItsRowsWithEOFPackets() {
    expectMessages(
      MySQL(), query("SELECT a FROM t WHERE b = 'secret'"),
      server([1], column, eof(2), Array("\u{01}1".utf8), Array("\u{01}2".utf8), eof(2)),
      gives: [
        ExpectedMessage(
          .request, requestType: "COM_QUERY", requestResource: "SELECT a FROM t WHERE b = ?",
          endpoint: "SELECT t", requestID: 1),
        ExpectedMessage(.response, status: .ok, responseException: "", requestID: 1),
      ])
  }

  /// CLIENT_DEPRECATE_EOF: an OK packet with the header 0xfe ends the rows.
  @Test func aQueryAndItsRowsWithoutEOFPackets() {
    expectMessages(
      MySQL(), query("SELECT a FROM t"),
      server([1], column, Array("\u{01}1".utf8), [0xfe, 0, 0, 2, 0, 0, 0]), query("SELECT 2"),
      server([1], column, [0xfe, 0, 0, 2, 0, 0, 0]),
      gives: [
        ExpectedMessage(.request, requestID: 1), ExpectedMessage(.response, requestID: 1),
        ExpectedMessage(.request, requestID: 2), ExpectedMessage(.response, requestID: 2),
      ])
  }

  @Test func severalResultsAreOneResponse() {
    expectMessages(
      MySQL(), query("SELECT 1; UPDATE t SET a = 1"),
      server([1], column, eof(10), Array("\u{01}1".utf8), eof(10), [0, 3, 0, 2, 0, 0, 0]),
      command(0x0e), server([0, 0, 0, 2, 0, 0, 0]), command(0x01),
      gives: [
        ExpectedMessage(.request, endpoint: "SELECT"),
        ExpectedMessage(.response, requestID: 1, affectedRows: 3),
        ExpectedMessage(.request, requestType: "COM_PING", endpoint: "COM_PING"),
        ExpectedMessage(.response, requestID: 2, affectedRows: 0),
        ExpectedMessage(.session, requestType: "COM_QUIT"),
      ])
  }

  /// MySQL 8 has codes from 3000 on; they are the server's as those from 1000 are.
  @Test(
    arguments: [
      (1_146, ResponseStatus.serverError), (3_819, .serverError), (2_013, .clientError),
    ] as [(UInt16, ResponseStatus)])
  func errorsHaveACodeAndAText(code: UInt16, status: ResponseStatus) {
    let text = Array("#42S02Table 'a.b' doesn't exist".utf8)
    expectMessages(
      MySQL(), query("DELETE FROM b"),
      server([0xff, UInt8(code & 0xff), UInt8(code >> 8)] + text),
      gives: [
        ExpectedMessage(.request, endpoint: "DELETE b"),
        ExpectedMessage(
          .response, status: status, code: Int32(code),
          responseException: "Table 'a.b' doesn't exist"),
      ])
  }

  /// MariaDB's clients ask for it when a person waits.
  @Test func aReportOfProgressIsNoError() {
    let progress: [UInt8] = [0xff, 0xff, 0xff, 1, 1, 2, 0x10, 0x27, 0] + [4] + Array("copy".utf8)
    expectMessages(
      MySQL(), query("ALTER TABLE t ADD b INT"),
      server(progress, progress, [0, 7, 0, 2, 0, 0, 0]), query("SELECT 1"),
      server([0xff, 0x28, 4] + Array("#42000No".utf8)),
      gives: [
        ExpectedMessage(.request, endpoint: "ALTER t"),
        ExpectedMessage(.response, status: .ok, requestID: 1, affectedRows: 7),
        ExpectedMessage(.request), ExpectedMessage(.response, status: .serverError, code: 1_064),
      ])
  }

  /// What the capture cut of an error's text is said to be cut.
  @Test func aCutErrorIsTruncated() {
    var driver = ParserDriver(MySQL())
    driver.feed(query("SELECT 1").bytes, from: .client)
    let error = server([0xff, 0x28, 4] + Array("#42000You have an error".utf8)).bytes
    driver.feed(Array(error.dropLast(6)), from: .server, isFinal: true)
    #expect(driver.messages.last?.code == 1_064 && driver.messages.last?.flags == .truncated)
  }

  @Test func anExecutionShowsTheStatementThatWasPrepared() {
    let definitions = [[0, 7, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0], column, eof(2), column, eof(2)]
    expectMessages(
      MySQL(), command(0x16, Array("SELECT a FROM t WHERE b = ?".utf8)),
      Talk(.server, bytes: packets(definitions as [[UInt8]], from: 1)),
      command(0x18, [7, 0, 0, 0, 0, 0, 0x78]),
      command(0x17, [7, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 0, 5, 0, 0, 0]),
      server([1], column, eof(2), [0, 0, 5, 0, 0, 0], eof(2)), command(0x19, [7, 0, 0, 0]),
      gives: [
        ExpectedMessage(
          .request, requestType: "COM_STMT_PREPARE",
          requestResource: "SELECT a FROM t WHERE b = ?"),
        ExpectedMessage(.response, status: .ok, requestID: 1),
        ExpectedMessage(
          .request, requestType: "COM_STMT_EXECUTE",
          requestResource: "SELECT a FROM t WHERE b = ?", endpoint: "SELECT t"),
        ExpectedMessage(.response, status: .ok, requestID: 2),
        ExpectedMessage(.session, requestType: "COM_STMT_CLOSE", endpoint: "SELECT t"),
      ])
  }

  @Test func aLoginFromTheGreetingOn() {
    expectMessages(
      MySQL(), greeting, login(user: "ann", database: "shop"),
      Talk(.server, bytes: packet([0xfe] + Array("some_method\0abc".utf8), 2)),
      Talk(.client, bytes: packet([1, 2, 3], 3)),
      Talk(.server, bytes: packet([0, 0, 0, 2, 0, 0, 0], 4)), command(0x02, Array("shop".utf8)),
      server([0, 0, 0, 2, 0, 0, 0]),
      gives: [
        ExpectedMessage(
          .request, requestType: "Login", requestDomain: "shop",
          requestResource: "Login username: ann db: shop"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "COM_INIT_DB", requestDomain: "shop"),
        ExpectedMessage(.response),
      ])
  }

  @Test func aLocalFileIsPartOfItsStatement() {
    expectMessages(
      MySQL(), query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"),
      server([0xfb] + Array("f".utf8)), Talk(.client, bytes: packet(Array("1,2\n".utf8), 2)),
      Talk(.client, bytes: packet([], 3)), Talk(.server, bytes: packet([0, 9, 0, 2, 0, 0, 0], 4)),
      gives: [
        ExpectedMessage(.request, endpoint: "LOAD t"),
        ExpectedMessage(.response, requestID: 1, affectedRows: 9),
      ])
  }

  /// Of a large result only the front is captured: all that comes before the next query answers.
  @Test func rowsThatWereNotCapturedDoNotShiftThePairs() {
    var driver = ParserDriver(MySQL())
    driver.feed(query("SELECT a FROM t").bytes, from: .client)
    let rows = server([1], column, eof(2), [UInt8](repeating: 0x20, count: 200)).bytes
    driver.feed(Array(rows.prefix(100)), from: .server, isFinal: true)
    driver.feed([9, 9, 9, 9, 9, 9], from: .server)
    driver.feed(query("SELECT 2").bytes, from: .client)
    driver.feed(server([0, 0, 0, 2, 0, 0, 0]).bytes, from: .server)
    driver.feed(query("SELECT 3").bytes, from: .client)
    driver.lose(from: .server)
    driver.feed(query("SELECT 4").bytes, from: .client)
    driver.feed(server([0, 0, 0, 2, 0, 0, 0]).bytes, from: .server)
    #expect(driver.violations.isEmpty && driver.error == nil)
    #expect(driver.messages.map(\.requestID) == [1, 1, 2, 2, 3, 4, 4])
  }

  @Test func damagedConversationsNeverTrap() {
    neverTraps(
      MySQL(), seed: 11, rounds: 3_000,
      seeds: [
        greeting, login(user: "a", database: "b"), query("SELECT 1"), command(0x0e),
        login(user: "a", database: "b", compresses: true),
        command(0x16, Array("SELECT ?".utf8)),
        server([0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0], column),
        command(0x17, [1, 0, 0, 0, 0, 1, 0, 0, 0]), server([0, 0, 0, 2, 0, 0, 0]),
        server([1], column, eof(2), Array("\u{01}1".utf8), eof(2)), server([0xff, 1, 4]),
        server([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), server([0xfc, 0xff, 0xff]),
      ])
  }

  /// CLIENT_COMPRESS: frames of seven bytes' head, each inflated by itself; a short one is sent as it is.
  @Test func aCompressedStatementIsInflated() {
    // zlib of one COM_QUERY packet: SELECT a FROM t WHERE b = '...' with 60 letters.
    let deflated: [UInt8] = [
      0x78, 0x9c, 0x8b, 0x64, 0x60, 0x60, 0x60, 0x0e, 0x76, 0xf5, 0x71, 0x75, 0x0e, 0x51, 0x48,
      0x54, 0x70, 0x0b, 0xf2, 0xf7, 0x55, 0x28, 0x51, 0x08, 0xf7, 0x70, 0x0d, 0x72, 0x55, 0x48,
      0x52, 0xb0, 0x55, 0x50, 0xaf, 0xa0, 0x00, 0xa8, 0x03, 0x00, 0xa4, 0x03, 0x23, 0x8e,
    ]
    let okay = packet([0, 5, 0, 2, 0, 0, 0], 1)
    expectMessages(
      MySQL(), greeting, login(user: "ann", database: "shop", compresses: true),
      Talk(.server, bytes: packet([0, 0, 0, 2, 0, 0, 0], 2)),
      Talk(.client, bytes: [UInt8(deflated.count), 0, 0, 0, 93, 0, 0] + deflated),
      Talk(.server, bytes: [UInt8(okay.count), 0, 0, 1, 0, 0, 0] + okay),
      gives: [
        ExpectedMessage(.request, requestType: "Login"), ExpectedMessage(.response),
        ExpectedMessage(
          .request, requestType: "COM_QUERY", requestResource: "SELECT a FROM t WHERE b = ?",
          endpoint: "SELECT t"),
        ExpectedMessage(.response, status: .ok, affectedRows: 5),
      ])
  }

  /// Packets lie in frames as those are filled: any of them may end in the next one, the last too.
  @Test("a compressed answer ends with its last packet, wherever frames end", arguments: 1..<24)
  func compressedFrames(size: Int) {
    let rows = [1, 2, 3].map { [1, UInt8(0x30 + $0)] }
    let good = packets([[1], column, eof(2)] + rows + [eof(2)], from: 1)
    let error = [0xff, 0x9d, 4] + Array("#HY000Lost".utf8)
    let bad = packets([[1], column, eof(2)] + rows + [error], from: 1)
    expectMessages(
      MySQL(), greeting, login(user: "ann", database: "shop", compresses: true),
      Talk(.server, bytes: packet([0, 0, 0, 2, 0, 0, 0], 2)),
      Talk(.client, bytes: frames([query("SELECT 1").bytes], from: 0)),
      Talk(.server, bytes: frames(good.chunks(5 + size), from: 1)),
      Talk(.client, bytes: frames([query("SELECT 2").bytes], from: 0)),
      Talk(.server, bytes: frames(bad.chunks(5 + size), from: 1)),
      Talk(.client, bytes: frames([query("SELECT 3").bytes], from: 0)),
      Talk(.server, bytes: frames(good.chunks(5 + size), from: 1)),
      gives: [
        ExpectedMessage(.request, requestType: "Login"), ExpectedMessage(.response),
        ExpectedMessage(
          .request, requestType: "COM_QUERY", requestResource: "SELECT ?", endpoint: "SELECT"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(
          .request, requestType: "COM_QUERY", requestResource: "SELECT ?", endpoint: "SELECT"),
        ExpectedMessage(.response, status: .serverError, code: 1_181),
        ExpectedMessage(
          .request, requestType: "COM_QUERY", requestResource: "SELECT ?", endpoint: "SELECT"),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  /// Frames that are sent as they are.
  private func frames(_ contents: [[UInt8]], from number: UInt8) -> [UInt8] {
    contents.enumerated().flatMap { [UInt8($1.count), 0, 0, number + UInt8($0), 0, 0, 0] + $1 }
  }

  @Test func recognitionIsStrict() {
    #expect(recognize(greeting) == .yes(sentBy: .server))
    #expect(recognize(login(user: "a", database: "b")) == .yes(sentBy: .client))
    #expect(recognize(query("SELECT 1")) == .yes(sentBy: .client))
    #expect(recognize(query("HELLO WORLD")) == .no)
    // Several commands in one segment, of which one says what it is; alone they could be anything.
    let close = command(0x19, [1, 0, 0, 0]).bytes
    #expect(recognize(Talk(.client, bytes: close)) == .undecided)
    #expect(
      recognize(Talk(.client, bytes: close + query("SELECT 1").bytes)) == .yes(sentBy: .client))
    #expect(
      recognize(Talk(.client, bytes: query("SELECT 1").bytes + close)) == .yes(sentBy: .client))
    #expect(recognize(Talk(.client, bytes: query("SELECT 1").bytes + [1, 2, 3, 4, 5])) == .no)
    #expect(recognize(command(0x0e)) == .undecided)
    #expect(recognize(server([1], column, eof(2))) == .undecided)
    #expect(recognize(Talk(.server, bytes: [1, 0, 0, 1, 0, 9, 9, 9, 9])) == .no)
    #expect(recognize(Talk(.client, "GET / HTTP/1.1\r\n\r\n")) == .no)
    #expect(recognize(Talk(.client, "*1\r\n$4\r\nPING\r\n")) == .no)
    let bytes = query("SELECT 1").bytes
    for count in 0..<bytes.count where count > 0 {
      let seen = recognize(Talk(.client, bytes: Array(bytes[..<count])))
      #expect(seen != .yes(sentBy: .client), "\(count) bytes")
      #expect(seen != .no, "\(count) bytes")
    }
  }

  private func recognize(_ talk: Talk) -> Recognition {
    MySQL().recognize(
      talk.bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 4_000))
  }

  private var column: [UInt8] {
    [3] + Array("def".utf8) + [0, 0, 0, 1, 0x61, 0, 12, 63, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0]
  }

  private func eof(_ status: UInt8) -> [UInt8] { [0xfe, 0, 0, status, 0] }

  private func packet(_ body: [UInt8], _ sequence: UInt8) -> [UInt8] {
    [UInt8(body.count & 0xff), UInt8(body.count >> 8), 0, sequence] + body
  }

  private func packets(_ bodies: [[UInt8]], from sequence: UInt8) -> [UInt8] {
    bodies.enumerated().flatMap { packet($1, sequence + UInt8($0)) }
  }

  private func command(_ code: UInt8, _ body: [UInt8] = []) -> Talk {
    Talk(.client, bytes: packet([code] + body, 0))
  }

  private func query(_ text: String) -> Talk { command(3, Array(text.utf8)) }

  private func server(_ bodies: [UInt8]...) -> Talk {
    Talk(.server, bytes: packets(bodies, from: 1))
  }

  private var greeting: Talk {
    let version = [10] + Array("8.0.36\0".utf8) + [5, 0, 0, 0] + Array("abcdefgh\0".utf8)
    let flags: [UInt8] =
      [0xff, 0xf7, 0xff, 2, 0, 0xff, 0xdf, 21] + [UInt8](repeating: 0, count: 10)
    return Talk(.server, bytes: packet(version + flags + Array("abcdefghijkl\0".utf8), 0))
  }

  private func login(user: String, database: String, compresses: Bool = false) -> Talk {
    let head: [UInt8] =
      [compresses ? 0x2d : 0x0d, 0xa2, 0x3a, 0x00, 0, 0, 0, 1, 33]
      + [UInt8](repeating: 0, count: 23)
    let tail = Array(user.utf8) + [0, 2, 1, 2] + Array(database.utf8) + [0]
    return Talk(.client, bytes: packet(head + tail, 1))
  }
}

extension [UInt8] {
  fileprivate func chunks(_ size: Int) -> [[UInt8]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
