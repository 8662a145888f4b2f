// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct RADIUSParserTests {
  static func packet(_ side: Side, _ code: UInt8, id: UInt8 = 7, _ attributes: String = "") -> Talk
  {
    let bytes = KafkaTalks.bytes(attributes)
    let length = 20 + bytes.count
    return Talk(
      side,
      bytes: [code, id, UInt8(length >> 8), UInt8(length & 0xff)] + [UInt8](repeating: 9, count: 16)
        + bytes)
  }

  static let user = "01 05 'ann' 02 12 00112233445566778899aabbccddeeff"

  @Test func logins() {
    expectDatagrams(
      RADIUS(), Self.packet(.client, 1, "\(Self.user) 04 06 0a000001"), Self.packet(.server, 2),
      Self.packet(.client, 1, id: 8, "\(Self.user) 20 06 'wifi'"),
      Self.packet(.server, 3, id: 8, "12 04 'no'"),
      Self.packet(.client, 4, id: 9, "28 06 00000001 2c 03 'a'"), Self.packet(.server, 5, id: 9),
      gives: [
        ExpectedMessage(
          .request, requestType: "Access-Request", requestDomain: "10.0.0.1",
          endpoint: "Access-Request", requestID: 7),
        ExpectedMessage(.response, status: .ok, code: 2, responseResult: "Access-Accept"),
        ExpectedMessage(.request, requestDomain: "wifi", requestID: 8),
        ExpectedMessage(
          .response, status: .clientError, code: 3, responseException: "Access-Reject"),
        ExpectedMessage(.request, requestType: "Accounting-Request"),
        ExpectedMessage(.response, status: .ok, responseResult: "Accounting-Response"),
      ])
  }

  @Test func attributesFillAPacket() {
    func recognize(_ bytes: [UInt8], _ port: UInt16 = 9_999) -> Recognition {
      RADIUS().recognize(
        bytes.span, context: RecognitionContext(transport: .udp, side: nil, serverPort: port))
    }
    let bytes = Self.packet(.client, 1, Self.user).bytes
    #expect(recognize(bytes) == .yes(sentBy: .client))
    #expect(recognize(Self.packet(.server, 2).bytes) == .no)
    #expect(recognize(Self.packet(.server, 2).bytes, 1_812) == .yes(sentBy: .server))
    for (place, value) in [(0, 6), (2, 0x20), (3, 21), (20, 0), (21, 1), (21, 99)] as [(Int, UInt8)]
    {
      var changed = bytes
      changed[place] = value
      #expect(recognize(changed) == .no, "\(place)")
    }
    #expect(recognize(Array(bytes.dropLast())) == .no)
  }
}
