// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct BRPCParserTests {
  private typealias T = RPCTalks

  @Test func aCallAndItsAnswer() {
    let user = T.field(
      9,
      T.field(1, Array("b3".utf8))
        + T.field(2, Array("0000000000000001-0000000000000002-1".utf8)))
    expectMessages(
      BRPC(), T.brpcRequest(method: "Echo", user), T.brpcResponse(),
      gives: [
        ExpectedMessage(
          .request, requestType: "Echo", requestDomain: "example.Echo",
          requestResource: "example.Echo", endpoint: "example.Echo/Echo",
          traceID: "0000000000000001", spanID: "0000000000000002", requestXRequestID: "",
          requestID: 7, length: 2),
        ExpectedMessage(.response, status: .ok, code: 0, responseException: "", requestID: 7),
      ])
  }

  /// Numbers of bRPC's own tracing, and of logs.
  @Test func itsOwnIDs() {
    let call =
      T.field(1, Array("S".utf8)) + T.field(2, Array("m".utf8)) + [0x18, 0xac, 0x02, 0x20, 0xff, 1]
      + T.field(5, 3) + T.field(6, 2)
    expectMessages(
      BRPC(), T.brpc(.client, T.field(1, call) + T.field(4, 1)),
      gives: [
        ExpectedMessage(
          .request, endpoint: "S/m", traceID: "ff", spanID: "3", parentSpanID: "2",
          requestXRequestID: "300")
      ])
    let named = T.field(1, Array("S".utf8)) + T.field(7, Array("req-1".utf8)) + T.field(3, 5)
    expectMessages(
      BRPC(), T.brpc(.client, T.field(1, named) + T.field(4, 1)),
      gives: [ExpectedMessage(.request, endpoint: "S", requestXRequestID: "req-1")])
  }

  @Test(
    arguments: [
      ([0xe9, 7], 1_001, .clientError), ([0xeb, 7], 1_003, .clientError),
      ([0xf0, 7], 1_008, .serverError), ([0xd1, 0x0f], 2_001, .serverError), ([5], 5, .serverError),
    ] as [([UInt8], Int32, ResponseStatus)])
  func whoseFault(code: [UInt8], number: Int32, status: ResponseStatus) {
    expectMessages(
      BRPC(), T.brpcRequest(method: "Echo"), T.brpcResponse(code: code, text: "no 'Anna' here"),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(.response, status: status, code: number, responseException: "no ? here"),
      ])
  }

  /// Parts of streams between calls.
  @Test func streamsArePassedOver() {
    let part = Talk(.client, bytes: Array("STRM".utf8) + [0, 0, 0, 4, 0, 0, 0, 2, 8, 1, 9, 9])
    expectMessages(
      BRPC(), T.brpcRequest(method: "Echo"), part, T.brpcResponse(), part,
      gives: [ExpectedMessage(.request), ExpectedMessage(.response, status: .ok)])
  }

  private static func recognize(_ bytes: [UInt8]) -> Recognition {
    BRPC().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsHead() {
    let request = T.brpcRequest(method: "Echo").bytes
    #expect(Self.recognize(request) == .yes(sentBy: .client))
    #expect(Self.recognize(T.brpcResponse().bytes) == .yes(sentBy: .server))
    for count in 1..<13 { #expect(Self.recognize(Array(request.prefix(count))) == .undecided) }
    for text in [
      "50525043 00000004 00000005 0a", "50525043 7fffffff 00000005 0a",
      "50525043 00000004 00000000",
      "50525043 00000010 00000005 0b", "50524f43 00000010 00000005 0a",
      "5354524d 00000010 00000005 08",
    ] {
      #expect(Self.recognize(KafkaTalks.bytes(text)) == .no, "\(text)")
    }
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      BRPC(), seed: seed, rounds: 300,
      seeds: [
        T.brpcRequest(method: "Echo", [0x4a, 4, 0x0a, 2, 0x62, 0x33]),
        T.brpcResponse(code: [0xe9, 7], text: "text"),
      ])
  }
}
