// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// The text protocol: https://github.com/memcached/memcached/blob/master/doc/protocol.txt.
@Suite struct MemcachedParserTests {
  @Test func storingAndRetrieving() {
    expectMessages(
      Memcached(), Talk(.client, "set user:17 5 0 3\r\nabc\r\n"), Talk(.server, "STORED\r\n"),
      Talk(.client, "get user:17\r\n"), Talk(.server, "VALUE user:17 5 3\r\nabc\r\nEND\r\n"),
      Talk(.client, "get no\r\n"), Talk(.server, "END\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "set", requestResource: "set user:17 5 0 3",
          endpoint: "set user:?", requestID: 1, length: 24),
        ExpectedMessage(.response, status: .ok, responseResult: "STORED", requestID: 1),
        ExpectedMessage(
          .request, requestType: "get", requestResource: "get user:17", endpoint: "get user:?"),
        ExpectedMessage(
          .response, status: .ok, responseResult: "VALUE", requestID: 2, length: 3,
          affectedRows: 1),
        ExpectedMessage(.request, requestResource: "get no", endpoint: "get no"),
        ExpectedMessage(
          .response, status: .ok, responseResult: "END", requestID: 3, affectedRows: 0),
      ])
  }

  /// Values may hold what looks like an end.
  @Test func severalValues() {
    expectMessages(
      Memcached(), Talk(.client, "gets a b c\r\n"),
      Talk(.server, "VALUE a 0 5 91\r\nEND\r\n\r\nVALUE c 0 0 92\r\n\r\nEND\r\n"),
      Talk(.client, "touch a 60\r\n"), Talk(.server, "TOUCHED\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "gets", requestResource: "gets a b c"),
        ExpectedMessage(.response, status: .ok, responseResult: "VALUE", affectedRows: 2),
        ExpectedMessage(.request, requestType: "touch", endpoint: "touch a"),
        ExpectedMessage(.response, responseResult: "TOUCHED", requestID: 2),
      ])
  }

  @Test func pipelinedCommandsAreAnsweredInTheirOrder() {
    expectMessages(
      Memcached(),
      Talk(.client, "delete a\r\nincr b 1\r\nadd c 0 0 1 noreply\r\nx\r\ntouch d 1\r\n"),
      Talk(.server, "NOT_FOUND\r\n8\r\nTOUCHED\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "delete", requestID: 1),
        ExpectedMessage(
          .request, requestType: "incr", requestResource: "incr b 1", requestID: 2),
        ExpectedMessage(.session, requestType: "add", requestResource: "add c 0 0 1 noreply"),
        ExpectedMessage(.request, requestType: "touch", requestID: 3),
        ExpectedMessage(.response, status: .ok, responseResult: "NOT_FOUND", requestID: 1),
        ExpectedMessage(.response, status: .ok, responseResult: "number", requestID: 2),
        ExpectedMessage(.response, responseResult: "TOUCHED", requestID: 3),
      ])
  }

  @Test(arguments: [
    ("ERROR", ResponseStatus.clientError, "ERROR"),
    ("CLIENT_ERROR bad data chunk", .clientError, "CLIENT_ERROR bad data chunk"),
    ("SERVER_ERROR out of memory", .serverError, "SERVER_ERROR out of memory"),
    ("SERVER_ERROR no 'abc' here", .serverError, "SERVER_ERROR no ? here"),
    ("EXISTS", .ok, ""), ("NOT_STORED", .ok, ""),
    (
      "BUSY currently processing", .serverError,
      "BUSY currently processing"
    ),
  ])
  func errorsSayWhoseFaultItIs(line: String, status: ResponseStatus, exception: String) {
    expectMessages(
      Memcached(), Talk(.client, "cas a 0 0 1 9\r\nx\r\n"), Talk(.server, line + "\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "cas"),
        ExpectedMessage(.response, status: status, responseException: exception),
      ])
  }

  @Test func statisticsEndWithTheirLastLine() {
    expectMessages(
      Memcached(), Talk(.client, "stats items\r\nversion\r\n"),
      Talk(.server, "STAT pid 1\r\nSTAT uptime 5\r\nEND\r\nVERSION 1.6.18\r\n"),
      Talk(.client, "quit\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "stats", requestResource: "stats items"),
        ExpectedMessage(.request, requestType: "version"),
        ExpectedMessage(.response, status: .ok, responseResult: "STAT", requestID: 1),
        ExpectedMessage(.response, responseResult: "VERSION", requestID: 2),
        ExpectedMessage(.session, requestType: "quit"),
      ])
  }

  @Test func metaCommands() {
    expectMessages(
      Memcached(), Talk(.client, "mg key9 v t\r\nms a 2 T60\r\nhi\r\nmd a\r\n"),
      Talk(.server, "VA 2 t55\r\nhi\r\nHD\r\nNF\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "mg", requestResource: "mg key9 v t", endpoint: "mg key?"),
        ExpectedMessage(.request, requestType: "ms", requestResource: "ms a 2 T60"),
        ExpectedMessage(.request, requestType: "md"),
        ExpectedMessage(
          .response, status: .ok, responseResult: "VA", requestID: 1, length: 2, affectedRows: 1),
        ExpectedMessage(.response, responseResult: "HD", requestID: 2),
        ExpectedMessage(.response, status: .ok, responseResult: "NF", requestID: 3),
      ])
  }

  /// Misses of quiet commands are silent, and `mn` tells when all are answered.
  @Test func quietCommands() {
    expectMessages(
      Memcached(), Talk(.client, "mg a v q\r\nmg b v q\r\nmn\r\n"),
      Talk(.server, "VA 1 \r\nx\r\nMN\r\n"),
      gives: [
        ExpectedMessage(.session, requestResource: "mg a v q"),
        ExpectedMessage(.session, requestResource: "mg b v q"),
        ExpectedMessage(.request, requestType: "mn", requestID: 1),
        ExpectedMessage(.response, responseResult: "MN", requestID: 1),
      ])
  }

  @Test func aLengthThatLiesIsNone() {
    for length in ["-1", "4294967296", "99999999999999999999", "x"] {
      expectMessages(
        Memcached(), Talk(.client, "set a 0 0 \(length)\r\n"),
        Talk(.server, "CLIENT_ERROR bad data chunk\r\n"),
        gives: [
          ExpectedMessage(.request, requestType: "set", requestResource: "", endpoint: "set"),
          ExpectedMessage(.response, status: .clientError),
        ])
    }
    let held = hold(
      Memcached(), [Talk(.client, "get a\r\n"), Talk(.server, "VALUE a 0 -1\r\n")])
    #expect(held.error != nil)
  }

  /// Where the capture ends in a value, what follows is found again.
  @Test func aCutValueIsPassedOver() {
    var driver = ParserDriver(Memcached())
    driver.feed(Array("get a b\r\n".utf8), from: .client)
    driver.feed(Array("VALUE a 0 9000\r\nxyz".utf8), from: .server, isFinal: true)
    driver.feed([UInt8](repeating: 0x61, count: 8_997) + Array("\r\nEND\r\n".utf8), from: .server)
    driver.feed(Array("get c\r\n".utf8), from: .client)
    driver.feed(Array("END\r\n".utf8), from: .server)
    #expect(driver.messages.map(\.affectedRows) == [nil, 1, nil, 0])
    #expect(driver.messages.map(\.status) == [.ok, .ok, .ok, .ok])
    #expect(driver.violations == [])
  }

  @Test func neverTrapsOnAnyBytes() {
    neverTraps(
      Memcached(), seed: 82, rounds: 3_000,
      seeds: [
        Talk(.client, "set a 0 0 3\r\nabc\r\nget a b\r\n"),
        Talk(.server, "VALUE a 0 3\r\nabc\r\nVALUE b 0 3 8\r\nabc\r\nEND\r\n"),
        Talk(.client, "mg a v q\r\nmn\r\nstats\r\n"), Talk(.server, "STAT a b\r\nEND\r\n"),
        MemcachedBinaryTests.request(1, extras: 8, key: "k", value: "v"),
        MemcachedBinaryTests.response(0, extras: 4, value: "v"),
      ])
  }
}
