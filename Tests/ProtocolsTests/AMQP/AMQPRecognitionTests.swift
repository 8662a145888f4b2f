// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct AMQPRecognitionTests {
  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    AMQP().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    AMQPParserTests.hello, AMQPTalks.declare("a"), AMQPTalks.declareOK("a"),
    AMQPTalks.method(.server, 10, 10, channel: 0),
  ])
  func framesTellWhoSentThem(talk: Talk) {
    #expect(recognize(talk.bytes, talk.side) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    for count in 1..<talk.bytes.count {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided, "\(count)")
    }
  }

  @Test(arguments: [
    "414d5150 00 01 00 00", "414d5150 03 01 00 00", "414d5151", "01 0001 00000004 00ff000a ce",
    "01 0001 00000004 0032000a 00", "01 0001 20000000 0032000a", "03 0001 00000001 00 ce",
    "02 0001 0000000e 003c0000 0000000000000000 0000 ce", "08 0001 00000000 ce",
    "08 0000 00000001 00 ce", "09 0000 00000000 ce",
  ])
  func almostTheProtocolIsNot(hex: String) {
    for side in [Side.client, nil] {
      #expect(recognize(Talk(.client, hex: hex).bytes, side) == .no)
    }
  }

  @Test func noSideSaysWhatTheOtherDoes() {
    #expect(recognize(AMQPTalks.declare("a").bytes, .server) == .no)
    #expect(recognize(AMQPTalks.declareOK("a").bytes, .client) == .no)
  }
}
