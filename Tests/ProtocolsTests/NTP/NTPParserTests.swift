// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct NTPParserTests {
  private static func packet(
    _ side: Side, _ head: String, origin: String = "0000000000000000",
    sent: String = "ebd1f2a3 00112233", reference: String = "7f000001"
  ) -> Talk {
    let received = side == .server ? "ebd1f2a3 00000001" : "00000000 00000000"
    return Talk(
      side,
      bytes: KafkaTalks.bytes(
        "\(head) 00000000 00000000 \(reference) 0000000000000000 \(origin) \(received) \(sent)"))
  }

  private static let asked = packet(.client, "23 00 06 20")

  @Test func anAnswerRepeatsWhenItWasAsked() {
    expectDatagrams(
      NTP(), Self.asked,
      Self.packet(
        .server, "24 02 06 e8", origin: "ebd1f2a3 00112233", sent: "ebd1f2a3 00000002"),
      gives: [
        ExpectedMessage(.request, version: "4", requestType: "Client", endpoint: "Client"),
        ExpectedMessage(.response, status: .ok, code: 2, attributes: ["ntp.stratum": "2"]),
      ])
  }

  /// Section 7.4: no time, and why.
  @Test func aKissOfDeath() {
    expectDatagrams(
      NTP(), Self.asked,
      Self.packet(
        .server, "e4 00 06 e8", origin: "ebd1f2a3 00112233", reference: "'RATE'"),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(.response, status: .clientError, code: 0, responseException: "RATE"),
      ])
  }

  @Test func whatManagesAServer() {
    expectDatagrams(
      NTP(), Talk(.client, bytes: KafkaTalks.bytes("16 01 0007 0000 0000 0000 0000")),
      Talk(.server, bytes: KafkaTalks.bytes("16 81 0007 0000 0000 0000 0000")),
      Talk(.client, bytes: KafkaTalks.bytes("17 00 03 2a 0000 0000")),
      gives: [
        ExpectedMessage(.request, version: "2", requestType: "Control"),
        ExpectedMessage(.response, status: .ok), ExpectedMessage(.request, requestType: "Private"),
      ])
  }

  @Test func elsewhereOnlyClocksAreSeen() {
    func recognize(_ bytes: [UInt8], _ port: UInt16) -> Recognition {
      NTP().recognize(
        bytes.span, context: RecognitionContext(transport: .udp, side: nil, serverPort: port))
    }
    #expect(recognize(Self.asked.bytes, 9_999) == .yes(sentBy: .client))
    #expect(recognize([UInt8](repeating: 0, count: 48), 123) == .no)
    #expect(recognize([0x23] + [UInt8](repeating: 0, count: 47), 9_999) == .no)
    #expect(recognize([0x23] + [UInt8](repeating: 0, count: 47), 123) == .yes(sentBy: .client))
    for (place, value) in [(0, 0x2b), (1, 17), (2, 99), (3, 33), (40, 1), (24, 1)] as [(Int, UInt8)]
    {
      var bytes = Self.asked.bytes
      bytes[place] = value
      #expect(recognize(bytes, 9_999) == .no, "\(place)")
    }
    #expect(recognize(Self.asked.bytes + [0, 0], 9_999) == .no)
    let answer = Self.packet(.server, "24 02 06 e8", sent: "ebd1f2a3 00000002").bytes
    #expect(recognize(answer, 9_999) == .yes(sentBy: .server))
    let slow = Self.packet(.server, "24 02 06 e8", sent: "ebd1f2ff 00000002").bytes
    #expect(recognize(slow, 9_999) == .no)
  }
}
