// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// Batches of any size, and what ends answers of any size.
@Suite struct PostgreSQLAnswerTests {
  /// However many stand behind a failed statement, each is told.
  @Test(arguments: [1, 7, 8, 200, 2_000]) func abortedStatementsAreTold(count: Int) {
    var driver = ParserDriver(PostgreSQL())
    let execute = message("E", "\0\0\0\0\0")
    var batch = message("P", "\0INSERT INTO b VALUES ($1)\0\0\0")
    for _ in 0..<count { batch += message("B", "\0\0\0\0\0\0\0\0") + execute }
    driver.feed(batch + message("S", ""), from: .client)
    driver.feed(
      message("1", "") + message("2", "") + failure("23505", "no") + message("Z", "I"),
      from: .server)
    driver.feed(message("Q", "SELECT 1\0"), from: .client)
    driver.feed(message("C", "SELECT 1\0") + message("Z", "I"), from: .server)
    #expect(driver.violations.isEmpty && driver.error == nil && driver.unreadCount == 0)
    let answers = driver.messages.filter { $0.kind == .response }
    #expect(answers.count == count + 1 && driver.messages.count == 2 * count + 2)
    #expect(answers.dropLast().allSatisfy { $0.status == .clientError })
    #expect(answers.map(\.requestID) == (1...UInt64(count + 1)).map { $0 })
    #expect(answers.first?.texts["response_result"] == "23505")
    #expect(answers.last?.status == .ok)
  }

  @Test(arguments: [false, true]) func anAnswerIsWhatEndsIt(fails: Bool) {
    let end = fails ? failure("22012", "division by zero") : message("C", "SELECT 40\0")
    for (rows, size) in [(3, 700), (40, 1_460), (400, 1_460), (400, 70_000)] {
      var driver = ParserDriver(PostgreSQL())
      driver.feed(message("Q", "SELECT a FROM t\0"), from: .client)
      let row = message("D", "\0\u{1}\0\0\u{3}" + String(repeating: "x", count: 1_000))
      var bytes = message("T", "\0\0") + Array(repeatElement(row, count: rows).joined())
      bytes += message("N", "SNOTICE\0\0") + end + message("Z", "I")
      for start in stride(from: 0, to: bytes.count, by: size) {
        driver.feed(Array(bytes[start..<min(start + size, bytes.count)]), from: .server)
      }
      driver.feed(message("Q", "SELECT 2\0"), from: .client)
      driver.feed(message("C", "SELECT 1\0") + message("Z", "I"), from: .server)
      #expect(driver.violations.isEmpty && driver.error == nil && driver.unreadCount == 0)
      #expect(driver.messages.map(\.kind) == [.request, .response, .request, .response])
      #expect(driver.messages[1].status == (fails ? .clientError : .ok), "\(rows) rows by \(size)")
      #expect(driver.messages[1].affectedRows == (fails ? nil : 40))
    }
  }

  @Test(arguments: [
    ("none", ResponseStatus.unknown), ("Z", .unknown), ("CZ", .ok), ("EZ", .clientError),
    ("CSZ", .ok),
  ])
  func theEndIsFoundBehindAHole(end: String, status: ResponseStatus) {
    let row = message("D", "\0\u{1}\0\0\0\u{64}" + String(repeating: "x", count: 100))
    for shownRows in [0, 3, 100] {
      var driver = ParserDriver(PostgreSQL())
      driver.feed(message("Q", "SELECT a FROM t\0"), from: .client)
      let front = message("T", "\0\0") + Array(repeatElement(row, count: shownRows).joined())
      driver.feed(front + row.prefix(40), from: .server, isFinal: true)
      driver.loseWithin(from: .server)
      var tail = Array(row.suffix(20)) + row
      if end.contains("C") { tail += message("C", "SELECT 9\0") }
      if end.contains("E") { tail += failure("22012", "division by zero") }
      if end.contains("S") { tail += message("S", "TimeZone\0UTC\0") }
      if end.contains("Z") { tail += message("Z", "I") }
      driver.feed(tail, from: .server)
      #expect(driver.messages.last?.status == status, "\(shownRows) rows")
      driver.feed(message("Q", "SELECT 2\0"), from: .client)
      driver.feed(message("C", "SELECT 1\0") + message("Z", "I"), from: .server)
      #expect(driver.messages.count == 4 && driver.messages.last?.status == .ok)
      #expect(driver.violations.isEmpty && driver.error == nil)
    }
  }

  @Test(arguments: [("off", "SELECT ?"), ("on", "SELECT ?, ?")])
  func theServerSaysWhatABackslashIs(value: String, shown: String) {
    let text = value == "on" ? "SELECT 'C:\\', 'z'" : "SELECT 'a\\', ''b'"
    expectMessages(
      PostgreSQL(),
      Talk(.server, bytes: message("S", "standard_conforming_strings\0\(value)\0")),
      Talk(.client, bytes: message("Q", text + "\0")),
      gives: [ExpectedMessage(.request, requestResource: shown)])
  }

  @Test(arguments: [
    ("/* a /* b */ c */ DROP TABLE users", "DROP TABLE users", "DROP users"),
    ("SELECT 1 /* /* */ SELECT secret", "SELECT ?", "SELECT"),
    ("SELECT E'a' \n 'b\\'c', 2", "SELECT ? ?, ?", "SELECT"),
    ("SELECT $a$ $b$ $a$, $1", "SELECT ?, $1", "SELECT"),
  ])
  func commentsNestAndStringsGoOn(sql: String, resource: String, endpoint: String) {
    let driver = hold(PostgreSQL(), [Talk(.client, bytes: message("Q", sql + "\0"))])
    #expect(driver.messages.first?.texts["request_resource"] == resource)
    #expect(driver.messages.first?.texts["endpoint"] == endpoint)
  }

  /// Replication: both copy, without end.
  @Test func copyingBothWaysIsAnswered() {
    expectMessages(
      PostgreSQL(),
      Talk(.client, bytes: message("Q", "START_REPLICATION SLOT s LOGICAL 0/0\0")),
      Talk(.server, bytes: message("W", "\0\0\0")), Talk(.server, bytes: message("d", "wal")),
      Talk(.client, bytes: message("d", "r")), Talk(.server, bytes: message("d", "wal")),
      gives: [ExpectedMessage(.request), ExpectedMessage(.response, status: .ok)])
  }

  /// What is no statement is one all the same where a server will refuse it; an error is no Execute.
  @Test func whatAServerRefusesIsRecognised() {
    let nonsense = message("Q", "asdf;\0")
    #expect(recognize(nonsense, port: 5_432) == .yes(sentBy: .client))
    #expect(recognize(nonsense, port: 4_000) == .no)
    #expect(recognize(message("E", "\0\0\0\0\0"), port: 4_000) == .yes(sentBy: .client))
    #expect(recognize(failure("42601", "no"), port: 5_432) == .undecided)
  }

  private func recognize(_ bytes: [UInt8], port: UInt16) -> Recognition {
    PostgreSQL().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: port))
  }

  private func message(_ type: Character, _ body: String) -> [UInt8] {
    let count = body.utf8.count + 4
    return Array(String(type).utf8) + [0, 0, UInt8(count >> 8), UInt8(count & 0xff)]
      + Array(body.utf8)
  }

  private func failure(_ state: String, _ text: String) -> [UInt8] {
    message("E", "SERROR\0C\(state)\0M\(text)\0\0")
  }
}
