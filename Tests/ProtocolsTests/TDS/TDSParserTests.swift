// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct TDSParserTests {
  private typealias T = TDSTalks

  private static func client(_ type: UInt8, _ contents: [UInt8]) -> Talk {
    Talk(.client, bytes: T.message(type, contents))
  }

  private static func server(_ contents: [UInt8], every size: Int = 4_000) -> Talk {
    Talk(.server, bytes: T.message(4, contents, every: size))
  }

  @Test func aBatch() {
    expectMessages(
      TDS(), Self.client(1, T.batch("SELECT TOP 5 * FROM [shop].[Orders] WHERE a = N'x''y'")),
      Self.server(T.rows(30) + T.done(0x10, rows: 5)),
      Self.client(1, Array(T.batch("DELETE FROM \"t\"").dropFirst(22))), Self.server(T.done()),
      gives: [
        ExpectedMessage(
          .request, requestType: "SQL_BATCH",
          requestResource: "SELECT TOP ? * FROM [shop].[Orders] WHERE a = ?",
          endpoint: "SELECT shop.Orders", flags: CallRecord.Flags(rawValue: 0)),
        ExpectedMessage(.response, status: .ok, affectedRows: 5),
        ExpectedMessage(.request, endpoint: "DELETE t"), ExpectedMessage(.response, status: .ok),
      ])
  }

  @Test(arguments: [
    (TDSTalks.call(10, TDSTalks.text("SELECT 'a' FROM t")), "SELECT ? FROM t", "SELECT t"),
    (TDSTalks.call(10, TDSTalks.long("SELECT 'a' FROM t")), "SELECT ? FROM t", "SELECT t"),
    (
      TDSTalks.call(
        13, TDSTalks.handle + TDSTalks.text("@a int") + TDSTalks.long("SELECT 1 FROM t")),
      "SELECT ? FROM t", "SELECT t"
    ),
    (
      TDSTalks.call("SP_ExecuteSQL", TDSTalks.text("SELECT 'größe' FROM größe")),
      "SELECT ? FROM größe", "SELECT größe"
    ),
    (TDSTalks.call(12, TDSTalks.handle), "sp_execute", "sp_execute"),
    (TDSTalks.call("dbo.Buy", TDSTalks.text("secret")), "dbo.Buy", "dbo.Buy"),
  ])
  func calls(contents: [UInt8], resource: String, endpoint: String) {
    expectMessages(
      TDS(), Self.client(3, contents), Self.server([0x79, 0, 0, 0, 0] + T.done()),
      gives: [
        ExpectedMessage(
          .request, requestType: "RPC", requestResource: resource, endpoint: endpoint),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  /// A packet's size is agreed on at the login.
  @Test(arguments: [40, 512, 4_000]) func messagesOfSeveralPackets(size: Int) {
    let sql = "SELECT a FROM t WHERE b = '\(String(repeating: "x", count: 600))'"
    let failed = T.rows(900) + T.error(8_134, "Divide by zero error encountered.") + T.done(2)
    let talks = [
      Talk(.client, bytes: T.message(1, T.batch(sql), every: size)),
      Self.server(T.rows(2_000) + T.done(0x10, rows: 7), every: size),
      Self.client(1, T.batch("SELECT 2")),
      Self.server(failed, every: size),
    ]
    let held = hold(TDS(), talks)
    #expect(held.violations == [] && held.error == nil)
    #expect(held.messages.map(\.kind) == [.request, .response, .request, .response])
    #expect(held.messages[1].affectedRows == 7 && held.messages[1].status == .ok)
    // Of an error that lies in several packets only that there was one is known.
    #expect(held.messages[3].status == (size > 40 ? .clientError : .serverError))
    #expect(held.messages[3].code == (size > 40 ? 8_134 : nil))
    for piece in [1, 7, 300] {
      #expect(hold(TDS(), LargeTalks.cut(talks, every: piece)).messages == held.messages)
    }
  }

  @Test(
    arguments: [
      (208, 16, "Invalid object name 'shop.t'.", .clientError, "Invalid object name 'shop.t'."),
      (
        2_627, 14, "duplicate key. The value is ('ann').", .clientError,
        "duplicate key. The value is "
      ),
      (18_456, 14, "Login failed for user 'sa'.", .clientError, "Login failed for user ?"),
      (1_205, 13, "deadlocked", .serverError, "deadlocked"), (823, 24, "I/O", .serverError, "I/O"),
      (50_000, 16, "no for Anna", .clientError, "?"),
    ] as [(UInt32, UInt8, String, ResponseStatus, String)])
  func errors(
    number: UInt32, severity: UInt8, text: String, status: ResponseStatus, shown: String
  ) {
    expectMessages(
      TDS(), Self.client(1, T.batch("SELECT 1")),
      Self.server(T.error(number, severity: severity, text) + T.done(2)),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: status, code: Int32(number), responseException: shown),
      ])
  }

  /// What is said before a login, the login in records of TLS, and its answer in clear.
  @Test func aLoginThatAloneIsEncrypted() {
    let options = KafkaTalks.bytes("00 000b 0006 01 0011 0001 ff 0f000000 0000")
    let held = hold(
      TDS(),
      [
        Self.client(0x12, options + [0]), Self.server(options + [0]),
        Self.client(0x12, TLSTalks.handshake(TLSTalks.hello12)),
        Talk(.client, bytes: TLSTalks.hidden()),
        Self.server([0xad, 4, 0, 1, 0x74, 0, 0] + T.done()), Self.client(1, T.batch("SELECT 1")),
        Self.server(T.done()),
      ])
    #expect(held.error == nil && held.violations == [])
    #expect(held.messages.map(\.kind) == [.response, .request, .response])
    let all = hold(
      TDS(),
      [
        Self.client(0x12, options + [1]), Self.server(options + [1]),
        Talk(.client, bytes: TLSTalks.hidden()),
      ])
    #expect(all.successor == .encrypted)
  }

  @Test func aLoginInClear() {
    var login = [UInt8](repeating: 0, count: 94)
    (login[0], login[7]) = (UInt8(94 + 14), 0x74)
    (login[48], login[50]) = (94, 3)
    (login[68], login[70]) = (100, 4)
    expectMessages(
      TDS(), Self.client(0x10, login + T.wide("appshop")),
      gives: [
        ExpectedMessage(
          .request, requestType: "LOGIN", requestDomain: "shop",
          attributes: ["sqlserver.application": "app"])
      ])
  }
}
