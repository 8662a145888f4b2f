// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What a session's settings, and the ends of its answers, say.
@Suite struct MySQLSessionTests {
  /// The server's status flag for NO_BACKSLASH_ESCAPES is 0x200.
  @Test(
    arguments: [
      (0x02, "SELECT 'C:\\', 'z'", "SELECT ?, ?"), (0x00, "SELECT 'a\\'z', 'c'", "SELECT ?, ?"),
      (0x02, "SELECT 'a\\'z', 'c'", "SELECT ?z?c?"), (0x00, "SELECT 'C:\\', 'z'", "SELECT ?z?"),
    ] as [(UInt8, String, String)])
  func theServerSaysWhatABackslashIs(flags: UInt8, text: String, shown: String) {
    expectMessages(
      MySQL(), query("SET x = 1"), server([0, 0, 0, 2, flags, 0, 0]), query(text),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response),
        ExpectedMessage(.request, requestResource: shown),
      ])
  }

  @Test func beforeTheServerSaysItNothingBehindABackslashIsShown() {
    let driver = hold(MySQL(), [query("SELECT 'a\\', secret, 'b' FROM t")])
    #expect(driver.messages.first?.texts["request_resource"] == "SELECT ?")
  }

  @Test(arguments: [
    ("SET SESSION sql_mode='ANSI_QUOTES'", "SELECT \"a\" FROM \"t\" WHERE b = ?"),
    ("set @@sql_mode = concat(@@sql_mode, ',ansi')", "SELECT \"a\" FROM \"t\" WHERE b = ?"),
    ("SET GLOBAL sql_mode='ANSI_QUOTES'", "SELECT ? FROM \"t\" WHERE b = ?"),
    ("SET sql_mode='STRICT_ALL_TABLES'", "SELECT ? FROM \"t\" WHERE b = ?"),
  ])
  func aSessionMayHaveQuotedNames(setting: String, shown: String) {
    expectMessages(
      MySQL(), query(setting), server([0, 0, 0, 2, 0, 0, 0]),
      query("SELECT \"a\" FROM \"t\" WHERE b = 'c'"),
      gives: [
        ExpectedMessage(.request, endpoint: "SET"), ExpectedMessage(.response),
        ExpectedMessage(.request, requestResource: shown, endpoint: "SELECT t"),
      ])
  }

  @Test func aSettingThatFailedChangesNothing() {
    expectMessages(
      MySQL(), query("SET sql_mode='ANSI_QUOTES,NOPE'"),
      server([0xff, 0xcf, 0x04] + Array("#42000Variable".utf8)), query("SELECT \"a\""),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response, status: .serverError),
        ExpectedMessage(.request, requestResource: "SELECT ?"),
      ])
  }

  /// CLIENT_QUERY_ATTRIBUTES; eight to a byte of the bitmap of NULLs.
  @Test(arguments: [0, 1, 2, 8, 9, 16, 17, 250, 300])
  func attributesAreNoPartOfTheStatement(count: Int) {
    let length: [UInt8] =
      count <= 250 ? [UInt8(count)] : [0xfc, UInt8(count & 0xff), UInt8(count >> 8)]
    var body = length + [1]
    if count > 0 {
      body += [UInt8](repeating: 0, count: (count + 7) / 8)
      body[length.count + 1] = 1  // The first is NULL.
      body.append(1)
      let types: [(UInt8, [UInt8])] = [
        (6, []), (0xfe, [3, 0x61, 0x62, 0x63]), (8, [1, 2, 3, 4, 5, 6, 7, 8]), (3, [1, 2, 3, 4]),
        (12, [4, 1, 2, 3, 4]), (1, [1]), (2, [1, 2]), (5, [1, 2, 3, 4, 5, 6, 7, 8]), (11, [0]),
        (0xfe, [0xfc, 44, 1] + [UInt8](repeating: 0x78, count: 300)),
      ]
      for index in 0..<count {
        body += [types[index % 10].0, 0, 2, 0x6b, UInt8(0x30 + index % 10)]
      }
      for index in 1..<max(1, count) { body += types[index % 10].1 }
    }
    let driver = hold(MySQL(), [command(3, body + Array("SELECT a FROM t".utf8))])
    // Behind more than the parser looks at, the statement is not seen, but nothing else is shown.
    let isSeen = body.count < 8_000
    #expect(driver.messages.first?.texts["request_resource"] == (isSeen ? "SELECT a FROM t" : ""))
    #expect(driver.messages.first?.texts["endpoint"] == (isSeen ? "SELECT t" : ""))
  }

  @Test(
    arguments: [
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0xf9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0, 0, 0, 0, 0, 0, 0, 0x80], [0, 0, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0, 0, 0],
    ] as [[UInt8]])
  func moreQueryAttributesThanThereAreShowNothing(count: [UInt8]) {
    let body = [0xfe] + count + [1, 0, 1] + Array("SELECT a FROM t".utf8)
    let driver = hold(MySQL(), [command(3, body)])
    #expect(driver.violations.isEmpty)
    #expect(driver.messages.allSatisfy { $0.texts["request_resource"] == "" })
    let context = RecognitionContext(transport: .tcp, side: .client, serverPort: 3_306)
    _ = MySQL().recognize(command(3, body).bytes.span, context: context)
  }

  @Test(
    arguments: [
      (1_040, "Too many connections"), (1_040, "#08004Too many connections"),
      (1_129, "#HY000Host '10.0.0.9' is blocked because of many connection errors"),
    ] as [(UInt16, String)])
  func aRefusalInPlaceOfTheGreetingIsAFailedLogin(code: UInt16, text: String) {
    let body = [0xff, UInt8(code & 0xff), UInt8(code >> 8)] + Array(text.utf8)
    let refusal = Talk(.server, bytes: packet(body, 0))
    expectMessages(
      MySQL(), refusal,
      gives: [
        ExpectedMessage(
          .session, requestType: "Login", endpoint: "Login", status: .serverError,
          code: Int32(code),
          responseException: text.hasPrefix("#") ? String(text.dropFirst(6)) : text)
      ])
    let context = RecognitionContext(transport: .tcp, side: .server, serverPort: 3_306)
    #expect(MySQL().recognize(refusal.bytes.span, context: context) == .yes(sentBy: .server))
  }

  @Test func aTablesFieldsAreAskedForByItsName() {
    expectMessages(
      MySQL(), command(4, Array("users\0%".utf8)), server(column, eof(2)),
      command(5, Array("shop".utf8)), server([0, 1, 0, 2, 0, 0, 0]),
      gives: [
        ExpectedMessage(.request, requestType: "COM_FIELD_LIST", requestResource: "users"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "COM_CREATE_DB", requestResource: "shop"),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  /// Rows of more than any buffer, in segments of any size: the answer is what ends it.
  @Test(
    arguments: [
      ([0xfe, 0, 0, 2, 0] as [UInt8], ResponseStatus.ok, nil),
      ([0xfe, 0, 0, 2, 0, 0, 0], .ok, nil),
      (
        [0xff, 0xd0, 0x0b] + Array("#HY000Query execution was interrupted".utf8), .serverError,
        3_024
      ),
    ] as [([UInt8], ResponseStatus, Int32?)])
  func anAnswerIsWhatEndsIt(end: [UInt8], status: ResponseStatus, code: Int32?) {
    for rows in [3, 40, 200] {
      for size in [700, 1_460, 40_000] {
        var driver = ParserDriver(MySQL())
        driver.feed(query("SELECT a FROM t").bytes, from: .client)
        let row = [0xfc, 0xe8, 3] + [UInt8](repeating: 0x78, count: 1_000)
        let bodies = [[1], column, eof(2)] + Array(repeating: row, count: rows) + [end]
        let bytes = packets(bodies, from: 1)
        for start in stride(from: 0, to: bytes.count, by: size) {
          driver.feed(Array(bytes[start..<min(start + size, bytes.count)]), from: .server)
        }
        driver.feed(query("SELECT 2").bytes, from: .client)
        driver.feed(server([0, 0, 0, 2, 0, 0, 0]).bytes, from: .server)
        #expect(driver.violations.isEmpty && driver.error == nil)
        #expect(driver.messages.map(\.kind) == [.request, .response, .request, .response])
        #expect(driver.messages[1].status == status, "\(rows) rows by \(size)")
        #expect(driver.messages[1].code == code)
      }
    }
  }

  /// An answer whose end was not seen is no success; its end is found behind what is missing.
  @Test(arguments: [
    ([] as [UInt8], ResponseStatus.unknown), ([0xfe, 0, 0, 2, 0], .ok),
    ([0xfe, 0, 0, 2, 0, 0, 0], .ok), ([0xfe, 0, 0, 10, 0], .unknown),
    ([0xff, 0xd0, 0x0b] + Array("#HY000Query interrupted".utf8), .serverError),
  ])
  func theEndIsFoundBehindAHole(end: [UInt8], status: ResponseStatus) {
    let row = [200] + [UInt8](repeating: 0x78, count: 200)
    for shownRows in [0, 2, 60] {
      var driver = ParserDriver(MySQL())
      driver.feed(query("SELECT a FROM t").bytes, from: .client)
      let front = packets([[1], column, eof(2)] + Array(repeating: row, count: shownRows), from: 1)
      driver.feed(front + Array(packet(row, 7).prefix(50)), from: .server, isFinal: true)
      driver.loseWithin(from: .server)
      driver.feed(
        Array(row.suffix(30)) + packet(row, 90) + (end.isEmpty ? [] : packet(end, 91)),
        from: .server)
      #expect(driver.messages.last?.status == status, "\(shownRows) rows")
      driver.feed(query("SELECT 2").bytes, from: .client)
      driver.feed(server([0, 0, 0, 2, 0, 0, 0]).bytes, from: .server)
      #expect(driver.messages.count == 4 && driver.messages.last?.status == .ok)
      #expect(driver.violations.isEmpty && driver.error == nil)
    }
  }

  @Test(
    arguments: [(3_306, Recognition.yes(sentBy: .client)), (4_000, .no)] as [(UInt16, Recognition)])
  func whatAServerRefusesIsRecognised(port: UInt16, expected: Recognition) {
    let context = RecognitionContext(transport: .tcp, side: nil, serverPort: port)
    #expect(MySQL().recognize(query("asdf").bytes.span, context: context) == expected)
  }

  private var column: [UInt8] {
    [3] + Array("def".utf8) + [0, 0, 0, 1, 0x61, 0, 12, 63, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0]
  }

  private func eof(_ status: UInt8) -> [UInt8] { [0xfe, 0, 0, status, 0] }

  private func packet(_ body: [UInt8], _ sequence: Int) -> [UInt8] {
    [UInt8(body.count & 0xff), UInt8(body.count >> 8 & 0xff), 0, UInt8(sequence & 0xff)] + body
  }

  private func packets(_ bodies: [[UInt8]], from sequence: Int) -> [UInt8] {
    bodies.enumerated().flatMap { packet($1, sequence + $0) }
  }

  private func command(_ code: UInt8, _ body: [UInt8] = []) -> Talk {
    Talk(.client, bytes: packet([code] + body, 0))
  }

  private func query(_ text: String) -> Talk { command(3, Array(text.utf8)) }

  private func server(_ bodies: [UInt8]...) -> Talk {
    Talk(.server, bytes: packets(bodies, from: 1))
  }
}
