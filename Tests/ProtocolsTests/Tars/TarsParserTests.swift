// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct TarsParserTests {
  private typealias T = RPCTalks

  @Test func aCallAndItsAnswer() {
    expectMessages(
      Tars(),
      T.tarsRequest(
        function: "buy", arguments: [1, 2, 3],
        context: ["user": "ann", "b3": "0000000000000001-0000000000000002-1"]),
      T.tarsResponse(body: [1, 2]),
      gives: [
        ExpectedMessage(
          .request, version: "1", requestType: "buy", requestDomain: "App.Server.Obj",
          requestResource: "App.Server.Obj", endpoint: "App.Server.Obj/buy",
          traceID: "0000000000000001", requestID: 7, attributes: [:]),
        ExpectedMessage(.response, status: .ok, code: 0, responseException: "", requestID: 7),
      ])
  }

  @Test func oneWayNeedsNoAnswer() {
    expectMessages(
      Tars(), T.tarsRequest(function: "log", kind: 1),
      gives: [ExpectedMessage(.session, endpoint: "App.Server.Obj/log")])
  }

  @Test(
    arguments: [
      (-3, .serverError, "TARSSERVERNOFUNCERR"), (-9, .serverError, "TARSSERVEROVERLOAD"),
      (-10, .clientError, "TARSADAPTERNULL"), (-12, .clientError, "TARSCLIENTDECODEERR"),
      (-99, .serverError, "TARSSERVERUNKNOWNERR"), (5, .serverError, ""),
    ] as [(Int8, ResponseStatus, String)])
  func whoseFault(result: Int8, status: ResponseStatus, name: String) {
    expectMessages(
      Tars(), T.tarsResponse(result: result),
      gives: [
        ExpectedMessage(
          .response, status: status, code: Int32(result), responseException: name)
      ])
  }

  private static func recognize(
    _ bytes: [UInt8], _ transport: TransportProtocol = .tcp
  ) -> Recognition {
    Tars().recognize(
      bytes.span, context: RecognitionContext(transport: transport, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeen() {
    let request = T.tarsRequest(function: "buy").bytes
    let response = T.tarsResponse().bytes
    #expect(Self.recognize(request) == .yes(sentBy: .client))
    #expect(Self.recognize(request, .udp) == .yes(sentBy: .client))
    #expect(Self.recognize(response) == .yes(sentBy: .server))
    #expect(Self.recognize(request + [0], .udp) == .no)
    for count in 1..<31 { #expect(Self.recognize(Array(request.prefix(count))) == .undecided) }
    for text in [
      "00000034 1004 2c3c 400f", "00000034 2001 2c3c 400f", "00000034 1001 2a3c 400f",
      "00000004 1001 2c3c 400f", "40000034 1001 2c3c 400f", "00000014 1001 2c3c 4007 5c 6c 7c",
      "00000014 1001 2c3c 4007 5600 6601 61", "00000014 1001 2c3c 4007 5601 01 6601 61",
    ] {
      #expect(Self.recognize(KafkaTalks.bytes(text)) == .no, "\(text)")
    }
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      Tars(), seed: seed, rounds: 300,
      seeds: [
        T.tarsRequest(function: "buy", arguments: [1], context: ["b3": "x"]),
        T.tarsResponse(result: -3),
      ])
  }
}
