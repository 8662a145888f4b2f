// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct MQTTRecognitionTests {
  typealias T = MQTTTalks

  private func recognize(_ bytes: [UInt8], _ side: Side?, port: UInt16 = 40_000) -> Recognition {
    MQTT().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: port))
  }

  @Test(arguments: [
    T.connect(level: 3), T.connect(), T.connect(level: 5),
    T.identified(.client, 0x82, id: 7, T.text("a/b") + [1]),
    T.identified(.client, 0x82, id: 7, [0] + T.text("a/b") + [1]),
    T.identified(.client, 0xa2, id: 7, T.text("a/b")),
  ])
  func whatOnlyClientsSayIsSureAnywhere(talk: Talk) {
    #expect(recognize(talk.bytes, .client) == .yes(sentBy: .client))
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: .client))
    #expect(recognize(talk.bytes, .server) == .no)
  }

  @Test func propertiesTellAServer() {
    let talk = T.packet(.server, 0x20, [0, 0, 8, 0x21, 0, 20, 0x27, 0, 1, 0, 0])
    #expect(recognize(talk.bytes, .server) == .yes(sentBy: .server))
    #expect(recognize(Array(talk.bytes.dropLast()), .server) == .undecided)
  }

  /// A connection that is met later is known by its port.
  @Test(arguments: [
    T.publish(.server, "a"), T.publish(.client, "a/b", qos: 1, id: 1), T.packet(.client, 0xc0, []),
    T.packet(.server, 0x20, [0, 0]), T.identified(.server, 0x40, id: 1),
  ])
  func shortPacketsAreSureOnTheirOwnPort(talk: Talk) {
    #expect(recognize(talk.bytes, talk.side, port: 1_883) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, talk.side) == .undecided)
  }

  @Test(arguments: [
    "10 0c 0004 4d515454 02 02 003c 0000", "10 0c 0004 4d515454 04 03 003c 0000",
    "10 0c 0004 4d515453 04 02 003c 0000", "10 0e 0006 4d5149736470 04 02 003c 0000",
    "11 0c 0004 4d515454 04 02 003c 0000", "10 05 0004 4d515454 04 02 003c 0000",
    "30 05 0009 61 62 63", "36 05 0001 61 62 63", "30 05 0001 23 62 63", "30 05 0001 07 62 63",
    "32 05 0001 61 0000", "30 05 0001 61 62 63 01", "82 06 0000 0001 61 01",
    "82 06 0001 0001 61 03",
    "82 07 0001 0001 61 01 01", "80 06 0001 0001 61 01", "c0 01 00", "20 02 02 00", "20 02 00 06",
    "40 02 0000", "f1 00", "00 00", "30 ffffff ff",
  ])
  func almostTheProtocolIsNot(hex: String) {
    for side in [Side.client, .server, nil] {
      #expect(recognize(Talk(.client, hex: hex).bytes, side, port: 1_883) == .no)
    }
  }
}
