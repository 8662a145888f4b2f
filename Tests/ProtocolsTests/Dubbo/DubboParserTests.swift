// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// Hessian's values: http://hessian.caucho.com/doc/hessian-serialization.html#anchor37.
@Suite struct DubboParserTests {
  private static let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  private static func attachments(_ pairs: KeyValuePairs<String, String>) -> String {
    "48 \(pairs.map { "\(DubboTalks.text($0)) \(DubboTalks.text($1))" }.joined(separator: " ")) 5a"
  }

  @Test func aCallAndItsAnswer() {
    expectMessages(
      Dubbo(),
      DubboTalks.request(
        DubboTalks.head("com.a.Shop", "buy", types: "Ljava/lang/String;") + " 03 'abc' "
          + Self.attachments([
            "path": "com.a.Shop", "remote.application": "web", "group": "eu",
            "traceparent": Self.traceparent,
          ])),
      DubboTalks.response("94 91 48 05 'dubbo' 05 '2.0.2' 5a"),
      gives: [
        ExpectedMessage(
          .request, version: "2.0.2", requestType: "buy", requestDomain: "com.a.Shop",
          requestResource: "com.a.Shop", endpoint: "com.a.Shop/buy",
          traceID: "4bf92f3577b34da6a3ce929d0e0e4736", spanID: "00f067aa0ba902b7", requestID: 7,
          flags: CallRecord.Flags(rawValue: 0),
          attributes: [
            "dubbo.serialization": "hessian2", "dubbo.service_version": "1.0", "dubbo.group": "eu",
            "dubbo.application": "web",
          ]),
        ExpectedMessage(.response, status: .ok, code: 20, responseException: "", requestID: 7),
      ])
  }

  /// Every kind of value, each as an argument before what is sent along.
  @Test(arguments: [
    "4e", "54", "46", "90", "c8 30", "d4 ff ff", "49 00000001", "e0", "f8 00", "3c 00 00",
    "59 00000001", "4c 0000000000000001", "5b", "5c", "5d 01", "5e 0001", "5f 00000001",
    "44 3ff0000000000000", "4a 0000000000000001", "4b 00000001", "00", "03 'abc'", "30 03 'abc'",
    "53 0003 'abc'", "52 0002 'ab' 53 0001 'c'", "20", "23 010203", "34 03 010203",
    "42 0003 010203", "41 0001 01 42 0001 02", "02 c3a9 e282ac", "02 f09f9880", "51 90",
    // Lists: typed or not, counted or not; maps; objects, of a class that is defined before them.
    "78", "7a 90 91", "72 04 '[int' 90 91", "55 04 '[int' 90 5a", "56 04 '[int' 92 90 91",
    "57 90 57 5a 5a", "58 92 90 4e", "72 90 90 91", "48 01 'a' 90 5a", "4d 01 'T' 01 'a' 48 5a 5a",
    "43 01 'T' 92 01 'a' 01 'b' 60 90 03 'abc'", "43 01 'T' 91 01 'a' 4f 90 4f 90 4e",
    "43 01 'T' 90 7a 60 60",
  ])
  func argumentsArePassedOver(argument: String) {
    expectMessages(
      Dubbo(),
      DubboTalks.request(
        DubboTalks.head("a.S", "m", types: "[Ljava/lang/Object;[[I") + " \(argument) 4e "
          + Self.attachments(["b3": "0000000000000001-0000000000000002-1"])),
      gives: [ExpectedMessage(.request, endpoint: "a.S/m", traceID: "0000000000000001")])
  }

  /// What follows a wrong value is not guessed.
  @Test(arguments: [
    "40", "45", "47", "5a", "61", "43 01 'T' ff", "58 49 7fffffff", "57", "43 01 'T' 91 90",
    String(repeating: "57", count: 200), String(repeating: "48 00", count: 90),
    "4f 49 ffffffff", "56 04 '[int' 49 80000000", "53 ffff 'a'", "42 ffff",
  ])
  func whatIsNoArgumentHidesOnlyWhatIsBehindIt(argument: String) {
    expectMessages(
      Dubbo(),
      DubboTalks.request(
        DubboTalks.head("a.S", "m", types: "Ljava/lang/Object;") + " \(argument) "
          + Self.attachments(["b3": "0000000000000001-0000000000000002-1"])),
      gives: [ExpectedMessage(.request, endpoint: "a.S/m", traceID: "")])
  }

  @Test func aGenericCallIsTheOneThatItMeans() {
    for name in ["$invoke", "$invokeAsync"] {
      expectMessages(
        Dubbo(),
        DubboTalks.request(
          DubboTalks.head(
            "a.S", name, types: "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;")
            + " 03 'buy' 70 04 '[str' 78 48 5a"),
        gives: [ExpectedMessage(.request, requestType: "buy", endpoint: "a.S/buy")])
    }
  }

  @Test func oneWayAndHeartbeatsAndCallsOfTheServer() {
    expectMessages(
      Dubbo(),
      DubboTalks.request(id: 1, flags: 0xe2, "4e"), DubboTalks.response(id: 1, flags: 0x22, "4e"),
      DubboTalks.request(id: 2, flags: 0x82, DubboTalks.head("a.S", "log") + " 48 5a"),
      DubboTalks.request(id: 3, DubboTalks.head("a.Callback", "on") + " 48 5a", .server),
      gives: [
        ExpectedMessage(.session, endpoint: "a.S/log"),
        ExpectedMessage(.request, endpoint: "a.Callback/on"),
      ])
  }

  @Test(
    arguments: [
      (20, .ok), (30, .clientError), (31, .serverError), (40, .clientError), (50, .serverError),
      (60, .serverError), (70, .serverError), (80, .serverError), (90, .clientError),
      (100, .serverError), (25, .serverError), (35, .serverError),
    ] as [(UInt8, ResponseStatus)])
  func whoseFault(status: UInt8, expected: ResponseStatus) {
    expectMessages(
      Dubbo(), DubboTalks.response(status: status, status == 20 ? "92" : "04 'text'"),
      gives: [
        ExpectedMessage(
          .response, status: expected, code: Int32(status),
          responseException: status == 20 ? "" : "text")
      ])
  }

  @Test func whatWasThrownIsItsClass() {
    let thrown = DubboTalks.text("java.lang.IllegalStateException")
    for flag in ["90", "93"] {
      expectMessages(
        Dubbo(),
        DubboTalks.response("\(flag) 43 \(thrown) 91 0d 'detailMessage' 60 08 'for Anna' 48 5a"),
        gives: [
          ExpectedMessage(
            .response, status: .serverError, code: 20,
            responseException: "java.lang.IllegalStateException")
        ])
    }
    expectMessages(
      Dubbo(), DubboTalks.response(flags: 8, "00 0102"),
      gives: [ExpectedMessage(.response, status: .serverError, responseException: "exception")])
  }
}
