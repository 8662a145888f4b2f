// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SOMEIPParserTests {
  private static func message(
    _ side: Side, _ type: String, method: String = "5004", code: String = "00", body: String = ""
  ) -> Talk {
    let bytes = KafkaTalks.bytes("0001 00ab 01 01 \(type) \(code) \(body)")
    return Talk(
      side,
      bytes: KafkaTalks.bytes("0029 \(method)") + KafkaTalks.number(UInt32(bytes.count)) + bytes)
  }

  private static let discovery = Talk(
    .client,
    bytes: KafkaTalks.bytes("ffff8100 00000014 00000001 01010200 c0000000 00000000 00000000"))

  private static let asked = ExpectedMessage(
    .request, version: "1.1", requestType: "REQUEST", requestResource: "0x0029",
    endpoint: "0x0029/0x5004", requestID: 0xab, attributes: ["someip.client_id": "1"])

  @Test func inDatagrams() {
    expectDatagrams(
      SOMEIP(), Self.discovery, Self.message(.client, "00"),
      Self.message(.server, "80", body: "00112233"), Self.message(.client, "01"),
      Self.message(.server, "02", method: "8001", body: "00"),
      gives: [
        Self.asked, ExpectedMessage(.response, status: .ok, code: 0, requestID: 0xab),
        ExpectedMessage(.session, requestType: "REQUEST_NO_RETURN"),
        ExpectedMessage(.session, requestType: "NOTIFICATION", endpoint: "0x0029/0x8001"),
      ])
  }

  @Test func inAStream() {
    expectMessages(
      SOMEIP(), Self.message(.client, "00"), Self.message(.server, "80", body: "0011"),
      gives: [Self.asked, ExpectedMessage(.response, status: .ok)])
  }

  @Test(
    arguments: [
      ("01", .serverError, "E_NOT_OK"), ("03", .clientError, "E_UNKNOWN_METHOD"),
      ("06", .serverError, "E_TIMEOUT"), ("09", .clientError, "E_MALFORMED_MESSAGE"),
      ("21", .serverError, ""),
    ] as [(String, ResponseStatus, String)])
  func whoseFault(code: String, status: ResponseStatus, name: String) {
    expectDatagrams(
      SOMEIP(), Self.message(.client, "00"), Self.message(.server, "81", code: code),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(.response, status: status, responseException: name),
      ])
  }

  private static func recognize(
    _ bytes: [UInt8], _ transport: TransportProtocol = .udp
  ) -> Recognition {
    SOMEIP().recognize(
      bytes.span, context: RecognitionContext(transport: transport, side: nil, serverPort: 40_000))
  }

  @Test func aWholeDatagramTells() {
    let bytes = Self.message(.client, "00", body: "0102").bytes
    #expect(Self.recognize(bytes) == .yes(sentBy: .client))
    #expect(Self.recognize(bytes + bytes) == .yes(sentBy: .client))
    #expect(Self.recognize(bytes + [1]) == .no)
    #expect(Self.recognize(Array(bytes.dropLast())) == .no)
    #expect(Self.recognize(Array(bytes.prefix(9)), .tcp) == .undecided)
    for (place, value) in [(4, 1), (7, 3), (12, 2), (14, 3), (15, 1), (2, 0x80)] as [(Int, UInt8)] {
      var changed = bytes
      changed[place] = value
      #expect(Self.recognize(changed) == .no, "\(place)")
    }
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      SOMEIP(), seed: seed, rounds: 300,
      seeds: [Self.discovery, Self.message(.client, "00"), Self.message(.server, "81", code: "03")])
  }
}
