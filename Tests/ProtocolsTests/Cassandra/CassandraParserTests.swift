// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v5.spec, and those of versions 3 and 4.
@Suite struct CassandraParserTests {
  typealias T = CassandraTalks

  static let startup = T.frame(
    .client, 1, [0, 1, 0, 11] + Array("CQL_VERSION".utf8) + [0, 5] + Array("3.4.5".utf8))

  @Test func aConnectionBegins() {
    expectMessages(
      Cassandra(), T.frame(.client, 5), T.frame(.server, 6, [0, 0]), Self.startup,
      T.frame(.server, 3, [0, 1, 97]), T.frame(.client, 15, [0, 0, 0, 3, 0, 97, 98]),
      T.frame(.server, 16, [0xff, 0xff, 0xff, 0xff]),
      T.frame(.server, 12, stream: 0xffff, [0, 1, 97]),
      gives: [
        ExpectedMessage(.request, version: "4", requestType: "OPTIONS", requestID: 1),
        ExpectedMessage(.response, status: .ok, responseResult: "SUPPORTED", requestID: 1),
        ExpectedMessage(.request, requestType: "STARTUP"),
        ExpectedMessage(.response, responseResult: "AUTHENTICATE"),
        ExpectedMessage(.request, requestType: "AUTH_RESPONSE"),
        ExpectedMessage(.response, status: .ok, responseResult: "AUTH_SUCCESS"),
      ])
  }

  @Test(arguments: [3, 4] as [UInt8]) func statementsAreFoundByTheStream(version: UInt8) {
    expectMessages(
      Cassandra(),
      T.statement(7, stream: 5, version: version, "SELECT a FROM ks.users WHERE id = 'ann'"),
      T.statement(7, stream: 6, version: version, "INSERT INTO ks.t (a) VALUES (17)"),
      T.result(stream: 6, 1), T.result(stream: 5, 2, [0, 0, 0, 1]),
      gives: [
        ExpectedMessage(
          .request, requestType: "QUERY", requestResource: "SELECT a FROM ks.users WHERE id = ?",
          endpoint: "SELECT ks.users", requestID: 5),
        ExpectedMessage(.request, endpoint: "INSERT ks.t", requestID: 6),
        ExpectedMessage(.response, status: .ok, responseResult: "Void", requestID: 6),
        ExpectedMessage(.response, status: .ok, responseResult: "Rows", requestID: 5),
      ])
  }

  /// An UUID stands without quotes, and comments have a form of their own.
  @Test func literalsOfItsOwn() {
    let uuid = "e50e8400-e29b-41d4-a716-446655440000"
    expectMessages(
      Cassandra(), T.statement(7, "SELECT a FROM t // secret\nWHERE id = \(uuid) AND b = 0xcafe"),
      gives: [
        ExpectedMessage(
          .request, requestResource: "SELECT a FROM t WHERE id = ? AND b = ?", endpoint: "SELECT t")
      ])
  }

  @Test func whatIsPreparedIsExecuted() {
    let id = [0, 16] + [UInt8](0..<16)
    expectMessages(
      Cassandra(), T.statement(9, stream: 3, "UPDATE ks.t SET a = ? WHERE b = 1"),
      T.result(stream: 3, 4, id + [0, 0]), T.frame(.client, 10, stream: 4, id + [0, 1, 0]),
      T.result(stream: 4, 1),
      T.frame(.client, 13, stream: 5, [0, 0, 2, 1] + id + [0, 0] + [0] + T.longText("x")),
      T.error(stream: 5, 0x2500, "Prepared query with ID x not found"),
      gives: [
        ExpectedMessage(
          .request, requestType: "PREPARE", requestResource: "UPDATE ks.t SET a = ? WHERE b = ?"),
        ExpectedMessage(.response, responseResult: "Prepared"),
        ExpectedMessage(
          .request, requestType: "EXECUTE", requestResource: "UPDATE ks.t SET a = ? WHERE b = ?",
          endpoint: "UPDATE ks.t"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.request, requestType: "BATCH", endpoint: "UPDATE ks.t", parts: 2),
        ExpectedMessage(.response, status: .clientError, code: 0x2500),
      ])
  }

  @Test(
    arguments: [
      (
        0x2000, ResponseStatus.clientError, "line 1:0 no viable alternative at input 'SELEC'",
        "line 1:0 no viable alternative at input ?"
      ),
      (0x1001, .serverError, "Request is load shedding", "Request is load shedding"),
      (0x0100, .clientError, "Bad credentials", "Bad credentials"),
      (0x1200, .serverError, "Operation timed out", "Operation timed out"),
    ] as [(UInt32, ResponseStatus, String, String)])
  func errors(code: UInt32, status: ResponseStatus, text: String, shown: String) {
    expectMessages(
      Cassandra(), T.statement(7, "SELEC 1"), T.error(code, text),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(.response, status: status, code: Int32(code), responseException: shown),
      ])
  }

  /// Warnings and a trace's id stand in front of an answer, what plugins add in front of a request.
  @Test func whatStandsInFront() {
    let warnings: [UInt8] = [UInt8](repeating: 7, count: 16) + [0, 1, 0, 2, 97, 98]
    expectMessages(
      Cassandra(),
      T.frame(
        .client, 7, flags: 4, [0, 1, 0, 1, 97, 0, 0, 0, 1, 98] + T.longText("SELECT a FROM t")),
      T.frame(.server, 8, flags: 10, warnings + [0, 0, 0, 2]),
      gives: [
        ExpectedMessage(.request, endpoint: "SELECT t"),
        ExpectedMessage(.response, responseResult: "Rows"),
      ])
  }

  /// Version 5 cuts frames into segments once STARTUP is answered; one frame may be in several.
  @Test func segments() {
    let first = T.statement(7, stream: 1, version: 5, "SELECT a FROM t")
    let second = T.statement(7, stream: 2, version: 5, "SELECT b FROM u WHERE a = 'x'")
    let ready = T.frame(.server, 2, version: 5)
    let answer = T.frame(.server, 8, stream: 2, version: 5, [0, 0, 0, 1])
    let large = T.statement(7, stream: 4, version: 5, "SELECT c FROM v WHERE a = 'xxxxxx'").bytes
    expectMessages(
      Cassandra(), T.frame(.client, 1, version: 5, Array(Self.startup.bytes.dropFirst(9))), ready,
      T.segment(.client, first.bytes + second.bytes), T.segment(.server, answer.bytes),
      T.segment(.client, Array(large.prefix(44)), isWhole: false),
      T.segment(.client, Array(large.dropFirst(44)), isWhole: false),
      T.segment(.client, T.frame(.client, 5, stream: 9, version: 5).bytes),
      gives: [
        ExpectedMessage(.request, version: "5", requestType: "STARTUP"),
        ExpectedMessage(.response, responseResult: "READY"),
        ExpectedMessage(.request, endpoint: "SELECT t", requestID: 1),
        ExpectedMessage(.request, endpoint: "SELECT u", requestID: 2),
        ExpectedMessage(.response, responseResult: "Void", requestID: 2),
        ExpectedMessage(.request, endpoint: "SELECT v", requestID: 4),
        ExpectedMessage(.request, requestType: "OPTIONS", requestID: 9),
      ])
  }

  @Test func framesThatLie() {
    for hex in [
      "04 00 0001 07 ffffffff", "04 00 0001 04 00000000", "04 00 0001 08 00000000", "06 00",
    ] {
      let held = hold(Cassandra(), [Talk(.client, hex: hex + " 0000000000000000")])
      #expect(held.error != nil && held.messages.isEmpty, "\(hex)")
    }
    let talk = T.frame(.client, 7, [0x7f, 0xff, 0xff, 0xff, 0x61])
    #expect(hold(Cassandra(), [talk]).messages.count == 1)
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      Cassandra(), seed: 150, rounds: 3_000,
      seeds: [
        Self.startup, T.frame(.server, 2, version: 5), T.statement(9, "SELECT a FROM t"),
        T.result(4, [0, 4, 1, 2, 3, 4]), T.frame(.client, 10, [0, 4, 1, 2, 3, 4]),
        T.error(0x2000, "bad 'x'"),
        T.segment(.client, T.statement(7, version: 5, "SELECT 1").bytes),
        T.frame(.server, 8, flags: 14, [0, 1, 0, 2, 97, 98, 0, 1, 0, 1, 97, 0, 0, 0, 1, 98, 0]),
      ])
  }
}
