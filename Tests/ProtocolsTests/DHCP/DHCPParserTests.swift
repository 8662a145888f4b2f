// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct DHCPParserTests {
  /// A message with these options behind its type.
  static func message(
    _ side: Side, _ type: UInt8, _ options: String = "", own: String = "00000000",
    given: String = "00000000"
  ) -> Talk {
    let operation = side == .client ? "01" : "02"
    let rest = String(repeating: "00", count: 4 + 4 + 16 + 64 + 128)
    return Talk(
      side,
      bytes: KafkaTalks.bytes(
        "\(operation) 01 06 00 3903f326 0000 0000 \(own) \(given) \(rest) 63825363")
        + [53, 1, type] + KafkaTalks.bytes(options) + [255])
  }

  @Test func aLease() {
    expectDatagrams(
      DHCP(), Self.message(.client, 1, "0c 03 'box' 37 02 0103"),
      Self.message(.server, 2, "36 04 0a000001", given: "0a000009"),
      Self.message(.client, 3, "32 04 0a000009 0c 03 'box'"),
      Self.message(.server, 5, "36 04 0a000001", given: "0a000009"),
      Self.message(.client, 7, own: "0a000009"),
      gives: [
        ExpectedMessage(
          .request, requestType: "DISCOVER", requestDomain: "box", requestResource: "",
          endpoint: "DISCOVER", requestID: 0x3903_f326),
        ExpectedMessage(.response, status: .ok, responseResult: "OFFER 10.0.0.9"),
        ExpectedMessage(.request, requestType: "REQUEST", requestResource: "10.0.0.9"),
        ExpectedMessage(.response, status: .ok, responseResult: "ACK 10.0.0.9"),
        ExpectedMessage(.session, requestType: "RELEASE", requestResource: "10.0.0.9"),
      ])
  }

  @Test func aRefusal() {
    expectDatagrams(
      DHCP(), Self.message(.client, 3), Self.message(.server, 6, "38 0d 'wrong' 20 'network'"),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: .clientError, responseException: "wrong network",
          responseResult: "NAK"),
      ])
  }

  @Test func itsCookieTells() {
    func recognize(_ bytes: [UInt8]) -> Recognition {
      DHCP().recognize(
        bytes.span, context: RecognitionContext(transport: .udp, side: nil, serverPort: 9_999))
    }
    let bytes = Self.message(.client, 1).bytes
    #expect(recognize(bytes) == .yes(sentBy: .client))
    for (place, value) in [(0, 3), (2, 17), (236, 0x62)] as [(Int, UInt8)] {
      var changed = bytes
      changed[place] = value
      #expect(recognize(changed) == .no, "\(place)")
    }
    #expect(recognize(Array(bytes.prefix(239))) == .no)
  }
}
