// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// https://docs.memcached.org/protocols/binary/.
@Suite struct MemcachedBinaryTests {
  static func request(
    _ operation: UInt8, extras: Int = 0, key: String = "", value: String = "", opaque: UInt8 = 0
  ) -> Talk {
    message(.client, operation, 0, extras, key, value, opaque)
  }

  static func response(
    _ operation: UInt8, status: UInt8 = 0, extras: Int = 0, key: String = "", value: String = "",
    opaque: UInt8 = 0
  ) -> Talk {
    message(.server, operation, status, extras, key, value, opaque)
  }

  private static func message(
    _ side: Side, _ operation: UInt8, _ status: UInt8, _ extras: Int, _ key: String,
    _ value: String, _ opaque: UInt8
  ) -> Talk {
    let body = extras + key.utf8.count + value.utf8.count
    let head: [UInt8] = [
      side == .client ? 0x80 : 0x81, operation, 0, UInt8(key.utf8.count), UInt8(extras), 0, 0,
      status, 0, 0, UInt8(body >> 8), UInt8(body & 0xff), 0, 0, 0, opaque, 0, 0, 0, 0, 0, 0, 0, 1,
    ]
    return Talk(
      side,
      bytes: head + [UInt8](repeating: 0, count: extras) + Array(key.utf8) + Array(value.utf8))
  }

  @Test func requestsAndTheirAnswers() {
    expectMessages(
      Memcached(), Self.request(1, extras: 8, key: "user:17", value: "secret"), Self.response(1),
      Self.request(0, key: "user:17"), Self.response(0, extras: 4, value: "secret"),
      Self.request(0, key: "no"), Self.response(0, status: 1, value: "Not found"),
      Self.request(0x21, key: "PLAIN", value: "\0a\0b"),
      Self.response(0x21, status: 0x20, value: "Auth failure"),
      gives: [
        ExpectedMessage(
          .request, requestType: "Set", requestResource: "Set user:17", endpoint: "Set user:?",
          length: 45),
        ExpectedMessage(.response, status: .ok, code: 0, responseResult: "NO_ERROR"),
        ExpectedMessage(.request, requestType: "Get", requestResource: "Get user:17"),
        ExpectedMessage(.response, status: .ok, code: 0, length: 34),
        ExpectedMessage(.request, requestType: "Get"),
        ExpectedMessage(.response, status: .ok, code: 1, responseResult: "KEY_NOT_FOUND"),
        ExpectedMessage(.request, requestType: "SASL Auth", requestResource: "SASL Auth PLAIN"),
        ExpectedMessage(
          .response, status: .clientError, code: 0x20, responseException: "AUTHENTICATION_ERROR"),
      ])
  }

  /// A quiet get is answered when something is found; then comes the answer to what is not quiet.
  @Test func quietOnesAreOneWay() {
    expectMessages(
      Memcached(), Self.request(0x0d, key: "a"), Self.request(0x0d, key: "b"),
      Self.request(0x11, extras: 8, key: "c", value: "x"), Self.request(0x0a),
      Self.response(0x0d, extras: 4, key: "b", value: "x"),
      Self.response(0x11, status: 0x82, value: "Out of memory"), Self.response(0x0a),
      gives: [
        ExpectedMessage(.session, requestType: "GetKQ", requestResource: "GetKQ a"),
        ExpectedMessage(.session, requestType: "GetKQ"),
        ExpectedMessage(.session, requestType: "SetQ"),
        ExpectedMessage(.request, requestType: "NoOp", requestID: 1),
        ExpectedMessage(
          .session, requestType: "SetQ", status: .serverError, code: 0x82,
          responseException: "OUT_OF_MEMORY"),
        ExpectedMessage(.response, status: .ok, requestID: 1),
      ])
  }

  @Test func statisticsAreOneAnswer() {
    expectMessages(
      Memcached(), Self.request(0x10), Self.response(0x10, key: "pid", value: "1"),
      Self.response(0x10, key: "uptime", value: "9"), Self.response(0x10), Self.request(0x0b),
      Self.response(0x0b, value: "1.6.18"),
      gives: [
        ExpectedMessage(.request, requestType: "Stat"), ExpectedMessage(.response, requestID: 1),
        ExpectedMessage(.request, requestType: "Version"),
        ExpectedMessage(.response, requestID: 2),
      ])
  }
}
