// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SofaRPCParserTests {
  private typealias T = RPCTalks

  @Test func aCallAndItsAnswer() {
    expectMessages(
      SofaRPC(),
      T.boltRequest(
        method: "buy",
        [
          "app": "web", "rpc_trace_context.sofaTraceId": "0a1f",
          "rpc_trace_context.sofaRpcId": "0.1",
        ]), T.boltResponse(body: T.sofaBody(isError: false, result: "a.Receipt")),
      gives: [
        ExpectedMessage(
          .request, version: "1", requestType: "buy", requestDomain: "a.Shop:1.0",
          requestResource: "a.Shop:1.0", endpoint: "a.Shop:1.0/buy", traceID: "0a1f", spanID: "0.1",
          requestID: 7, attributes: ["sofarpc.application": "web", "sofarpc.codec": "hessian2"]),
        ExpectedMessage(.response, status: .ok, code: 0, responseException: "", requestID: 7),
      ])
  }

  /// As SOFATracer sends it since.
  @Test func theOtherTraceHeader() {
    let context = "tcid=0a22&spid=0.2&pspid=0&sample=true&"
    expectMessages(
      SofaRPC(), T.boltRequest(method: "buy", ["new_rpc_trace_context": context]),
      gives: [ExpectedMessage(.request, traceID: "0a22", spanID: "0.2", parentSpanID: "0")])
  }

  @Test func versionTwoHasAChecksum() {
    let headers: KeyValuePairs = [
      "service": "a.Shop:1.0", "sofa_head_method_name": "buy", "empty": "",
    ]
    expectMessages(
      SofaRPC(),
      T.bolt(
        .client, kind: 2, command: 1, name: T.requestClass, headers: headers, body: [1],
        isSecond: true),
      T.bolt(.client, kind: 1, command: 0, isSecond: true),
      T.bolt(.server, kind: 0, command: 0, isSecond: true),
      T.bolt(
        .client, kind: 1, command: 1, id: 8, name: T.requestClass, headers: headers, body: [1],
        isSecond: true),
      T.bolt(
        .server, kind: 0, command: 2, id: 8, status: 7, name: T.responseClass, isSecond: true),
      gives: [
        ExpectedMessage(.session, version: "2", endpoint: "a.Shop:1.0/buy"),
        ExpectedMessage(.request, endpoint: "a.Shop:1.0/buy", requestID: 8),
        ExpectedMessage(
          .response, status: .serverError, code: 7, responseException: "TIMEOUT", requestID: 8),
      ])
  }

  @Test(
    arguments: [
      (4, .serverError, "SERVER_THREADPOOL_BUSY"), (6, .serverError, "NO_PROCESSOR"),
      (8, .clientError, "CLIENT_SEND_ERROR"), (18, .serverError, "SERVER_DESERIAL_EXCEPTION"),
      (99, .serverError, "UNKNOWN"),
    ] as [(Int, ResponseStatus, String)])
  func whoseFault(status: Int, expected: ResponseStatus, name: String) {
    expectMessages(
      SofaRPC(), T.boltResponse(status: status),
      gives: [
        ExpectedMessage(
          .response, status: expected, code: Int32(status), responseException: name)
      ])
  }

  @Test func whatWasThrownIsItsClass() {
    expectMessages(
      SofaRPC(), T.boltResponse(body: T.sofaBody(isError: false, result: "a.SoldOutException")),
      T.boltResponse(body: T.sofaBody(isError: true, text: "for Anna")),
      gives: [
        ExpectedMessage(
          .response, status: .serverError, code: 0, responseException: "a.SoldOutException"),
        ExpectedMessage(.response, status: .serverError, responseException: "error"),
      ])
  }

  private static func recognize(_ bytes: [UInt8]) -> Recognition {
    SofaRPC().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsHead() {
    let request = T.boltRequest(method: "buy").bytes
    #expect(Self.recognize(request) == .yes(sentBy: .client))
    #expect(Self.recognize(T.boltResponse().bytes) == .yes(sentBy: .server))
    for count in 1..<26 { #expect(Self.recognize(Array(request.prefix(count))) == .undecided) }
    for (place, value) in [
      (0, 3), (1, 3), (2, 1), (3, 2), (4, 2), (9, 7), (14, 9), (18, 0x40), (22, 0x20),
    ] as [(Int, UInt8)] {
      var bytes = request
      bytes[place] = value
      #expect(Self.recognize(bytes) == .no, "\(place)")
    }
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      SofaRPC(), seed: seed, rounds: 300,
      seeds: [
        T.boltRequest(method: "buy", ["b3": "x"]),
        T.boltResponse(body: T.sofaBody(isError: false, result: "a.E")),
        T.bolt(.server, kind: 0, command: 2, name: T.responseClass, isSecond: true),
      ])
  }
}
