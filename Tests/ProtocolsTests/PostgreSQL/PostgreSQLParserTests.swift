// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct PostgreSQLParserTests {
  @Test func aSimpleQuery() {
    expectMessages(
      PostgreSQL(), client(query("SELECT a FROM t WHERE b = 'x'")),
      server(message("T", "\0\0"), message("D", "\0\0"), done("SELECT 1"), ready),
      gives: [
        ExpectedMessage(
          .request, requestType: "simple query", requestResource: "SELECT a FROM t WHERE b = ?",
          endpoint: "SELECT t", requestID: 1),
        ExpectedMessage(.response, status: .ok, requestID: 1, affectedRows: 1),
      ])
  }

  @Test func severalStatementsOfAQueryAreOneCall() {
    expectMessages(
      PostgreSQL(), client(query("BEGIN; UPDATE t SET a = 1")),
      server(done("BEGIN"), done("UPDATE 4"), ready), client(query("COMMIT")),
      server(done("COMMIT"), ready),
      gives: [
        ExpectedMessage(.request, endpoint: "BEGIN"),
        ExpectedMessage(.response, requestID: 1, affectedRows: 4),
        ExpectedMessage(.request, endpoint: "COMMIT"), ExpectedMessage(.response, requestID: 2),
      ])
  }

  @Test(
    arguments: [
      ("42P01", ResponseStatus.clientError), ("23505", .clientError), ("53300", .serverError),
      ("40001", .serverError),
    ] as [(String, ResponseStatus)])
  func errorsAreClassedByTheirState(state: String, status: ResponseStatus) {
    expectMessages(
      PostgreSQL(), client(query("SELECT nope")),
      server(failure(state, "it failed"), ready), client(query("SELECT 1")),
      server(done("SELECT 1"), ready),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: status, responseException: "it failed", responseResult: state),
        ExpectedMessage(.request), ExpectedMessage(.response, status: .ok, requestID: 2),
      ])
  }

  @Test func preparedAheadAndExecutedByName() {
    expectMessages(
      PostgreSQL(),
      client(message("P", "s1\0SELECT a FROM t WHERE b = $1\0\0\0"), message("D", "Ss1\0"), sync),
      server(message("1", ""), message("t", "\0\0"), message("T", "\0\0"), ready),
      client(bind("s1"), execute, sync), server(message("2", ""), done("SELECT 3"), ready),
      client(bind("s1"), execute, sync), server(message("2", ""), done("SELECT 2"), ready),
      gives: [
        ExpectedMessage(.request, requestType: "parse", endpoint: "SELECT t", requestID: 1),
        ExpectedMessage(.response, requestID: 1),
        ExpectedMessage(
          .request, requestType: "execute", requestResource: "SELECT a FROM t WHERE b = $1"),
        ExpectedMessage(.response, requestID: 2, affectedRows: 3),
        ExpectedMessage(.request, endpoint: "SELECT t"),
        ExpectedMessage(.response, requestID: 3, affectedRows: 2),
      ])
  }

  /// What libpq sends for a statement with parameters is one call.
  @Test func anUnnamedStatementIsOneCall() {
    expectMessages(
      PostgreSQL(),
      client(message("P", "\0INSERT INTO t VALUES ($1)\0\0\0"), bind(""), describe, execute, sync),
      server(message("1", ""), message("2", ""), message("n", ""), done("INSERT 0 7"), ready),
      gives: [
        ExpectedMessage(.request, requestType: "execute", endpoint: "INSERT t", requestID: 1),
        ExpectedMessage(.response, requestID: 1, affectedRows: 7),
      ])
  }

  @Test func pipelinedBatches() {
    let statement = message("P", "s\0UPDATE t SET a = $1\0\0\0")
    expectMessages(
      PostgreSQL(),
      client(statement, bind("s"), execute, bind("s"), execute, sync, bind("s"), execute, sync),
      server(
        message("1", ""), message("2", ""), done("UPDATE 1"), message("2", ""), done("UPDATE 2"),
        ready, message("2", ""), done("UPDATE 3"), ready),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.request), ExpectedMessage(.request),
        ExpectedMessage(.response, requestID: 1, affectedRows: 1),
        ExpectedMessage(.response, requestID: 2, affectedRows: 2),
        ExpectedMessage(.response, requestID: 3, affectedRows: 3),
      ])
  }

  /// The server is silent about the statements behind a failed one; each gets an answer all the same.
  @Test func aFailureAnswersTheRestOfItsBatch() {
    let statement = message("P", "s\0UPDATE t SET a = $1\0\0\0")
    expectMessages(
      PostgreSQL(),
      client(statement, bind("s"), execute, bind("s"), execute, bind("s"), execute, sync),
      server(message("1", ""), message("2", ""), failure("23505", "duplicate"), ready),
      client(query("ROLLBACK")), server(done("ROLLBACK"), ready),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.request), ExpectedMessage(.request),
        ExpectedMessage(.response, responseException: "duplicate", requestID: 1),
        ExpectedMessage(.response, status: .clientError, requestID: 2),
        ExpectedMessage(.response, status: .clientError, requestID: 3),
        ExpectedMessage(.request), ExpectedMessage(.response, status: .ok, requestID: 4),
      ])
  }

  @Test func aFailureAnswersALongBatch() {
    var sent = message("P", "s\0UPDATE t SET a = $1\0\0\0")
    for _ in 0..<20 { sent += bind("s") + execute }
    let held = hold(
      PostgreSQL(),
      [
        client(sent, sync), server(message("1", ""), failure("23505", "duplicate key"), ready),
        client(query("ROLLBACK")), server(done("ROLLBACK"), ready),
      ])
    #expect(held.messages.filter { $0.kind == .response }.map(\.requestID) == (1...21).map { $0 })
    #expect(held.messages.filter { $0.status == .clientError }.count == 20)
  }

  @Test func copyingIsOneCall() {
    expectMessages(
      PostgreSQL(), client(query("COPY t FROM STDIN")), server(message("G", "\0\0\0")),
      client(message("d", "1\n"), message("d", "2\n"), message("c", "")),
      server(done("COPY 2"), ready), client(query("COPY t TO STDOUT")),
      server(
        message("H", "\0\0\0"), message("d", "1\n"), message("c", ""), done("COPY 1"), ready),
      gives: [
        ExpectedMessage(.request, endpoint: "COPY t"), ExpectedMessage(.response, affectedRows: 2),
        ExpectedMessage(.request), ExpectedMessage(.response, requestID: 2, affectedRows: 1),
      ])
  }

  @Test func aConnectionFromItsStart() {
    expectMessages(
      PostgreSQL(), Talk(.client, hex: "00000008 04d2162f"), Talk(.server, "N"),
      startup, server(message("R", "\0\0\0\0"), message("S", "a\0b\0"), message("K", "12345678")),
      server(ready), client(query("SELECT 1")),
      server(message("N", "x\0"), done("SELECT 1"), ready), client(message("X", "")),
      gives: [ExpectedMessage(.request), ExpectedMessage(.response, requestID: 1)])
  }

  @Test func aRefusedConnectionAndACancelAreSessions() {
    expectMessages(
      PostgreSQL(), startup, server(failure("3D000", "no such database")),
      Talk(.client, hex: "00000010 04d2162e 00000001 00000002"),
      gives: [
        ExpectedMessage(
          .session, requestType: "startup", status: .clientError,
          responseException: "no such database"),
        ExpectedMessage(.session, requestType: "cancel"),
      ])
  }

  @Test func rowsThatWereNotCapturedDoNotShiftThePairs() {
    var driver = ParserDriver(PostgreSQL())
    driver.feed(query("SELECT a FROM t"), from: .client)
    let rows = message("D", String(repeating: "x", count: 500))
    driver.feed(Array(rows.prefix(100)), from: .server, isFinal: true)
    driver.feed([9, 9, 9, 9], from: .server)
    driver.feed(query("SELECT 2"), from: .client)
    driver.lose(from: .server)
    driver.feed(query("SELECT 3"), from: .client)
    driver.feed(done("SELECT 1") + ready, from: .server)
    let big = message("P", "\0SELECT \(String(repeating: "a, ", count: 900))a FROM t\0\0\0")
    driver.feed(Array(big.prefix(1_024)), from: .client, isFinal: true)
    driver.feed(message("1", "") + message("2", "") + done("SELECT 1") + ready, from: .server)
    #expect(driver.violations.isEmpty && driver.error == nil)
    #expect(driver.messages.map(\.requestID) == [1, 1, 2, 3, 3, 4, 4])
  }

  @Test func damagedConversationsNeverTrap() {
    neverTraps(
      PostgreSQL(), seed: 13, rounds: 3_000,
      seeds: [
        client(query("SELECT 1")), client(bind("s"), execute, execute, sync), startup,
        client(message("P", "s\0SELECT 1\0\0\0"), sync), server(message("1", ""), ready),
        server(done("SELECT 1"), ready), server(failure("23505", "x"), ready),
        Talk(.client, hex: "00000008 04d2162f"), Talk(.server, "N"),
      ])
  }

  @Test func recognitionIsStrict() {
    #expect(recognize(startup) == .yes(sentBy: .client))
    #expect(recognize(client(query("SELECT 1"))) == .yes(sentBy: .client))
    #expect(recognize(client(query("HELLO 1"))) == .no)
    // Several messages in one segment, of which one says what it is; alone they could be anything.
    #expect(recognize(client(message("C", "Ss\0"), sync)) == .undecided)
    #expect(recognize(client(message("C", "Ss\0"), execute, sync)) == .yes(sentBy: .client))
    #expect(recognize(client(query("SELECT 1"), query("SELECT 2"))) == .yes(sentBy: .client))
    #expect(recognize(client(query("SELECT 1"), [1, 2, 3, 4, 5])) == .no)
    #expect(recognize(client(bind("s"), execute, sync)) == .yes(sentBy: .client))
    #expect(recognize(server(done("SELECT 1"), ready)) == .undecided)
    #expect(recognize(Talk(.client, "GET / HTTP/1.1\r\n\r\n")) == .no)
    #expect(recognize(Talk(.client, "PING\r\n")) == .no)
  }

  private func recognize(_ talk: Talk) -> Recognition {
    PostgreSQL().recognize(
      talk.bytes.span,
      context: RecognitionContext(transport: .tcp, side: talk.side, serverPort: 4_000))
  }

  private var startup: Talk {
    let body = Array("user\0ann\0database\0shop\0\0".utf8)
    return Talk(.client, bytes: [0, 0, 0, UInt8(body.count + 8), 0, 3, 0, 0] + body)
  }

  private func message(_ type: Character, _ body: String) -> [UInt8] {
    let count = body.utf8.count + 4
    return Array(String(type).utf8) + [0, 0, UInt8(count >> 8), UInt8(count & 0xff)]
      + Array(body.utf8)
  }

  private func client(_ parts: [UInt8]...) -> Talk {
    Talk(.client, bytes: Array(parts.joined()))
  }

  private func server(_ parts: [UInt8]...) -> Talk {
    Talk(.server, bytes: Array(parts.joined()))
  }

  private func query(_ text: String) -> [UInt8] { message("Q", text + "\0") }
  private func bind(_ name: String) -> [UInt8] { message("B", "\0\(name)\0\0\0\0\0\0\0") }
  private func done(_ tag: String) -> [UInt8] { message("C", tag + "\0") }
  private func failure(_ state: String, _ text: String) -> [UInt8] {
    message("E", "SERROR\0C\(state)\0M\(text)\0\0")
  }

  private var ready: [UInt8] { message("Z", "I") }
  private var sync: [UInt8] { message("S", "") }
  private var execute: [UInt8] { message("E", "\0\0\0\0\0") }
  private var describe: [UInt8] { message("D", "P\0") }
}
