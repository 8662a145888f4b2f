// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct RocketMQRecognitionTests {
  typealias T = RocketMQTalks

  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    RocketMQ().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    T.json(.client, code: 34, opaque: 1), T.json(.server, code: 0, opaque: 1, flag: 1),
    T.binary(.client, code: 105, opaque: 1, fields: [("topic", "t")]),
    T.binary(.server, code: 0, opaque: 1, flag: 1),
  ])
  func commandsTellWhoSentThem(talk: Talk) {
    #expect(recognize(talk.bytes, talk.side) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    for count in 1..<talk.bytes.count {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided, "\(count)")
    }
  }

  @Test(arguments: [
    "05000000 00000020", "00000040 02000020 7b", "00000040 00000041 7b", "00000040 00000020 5b",
    "00000040 00010001 7b", "00000040 00000008 7b", "00000000 00000000",
  ])
  func almostTheProtocolIsNot(hex: String) {
    #expect(recognize(Talk(.client, hex: hex).bytes, nil) == .no)
  }

  /// A command that there is not, flags that there are not, JSON without the fields.
  @Test func whatNobodyAsksForIsNot() {
    #expect(recognize(T.json(.client, code: 9_999, opaque: 1).bytes, .client) == .no)
    #expect(recognize(T.json(.client, code: 34, opaque: 1, flag: 9).bytes, .client) == .no)
    let other = Array("{\"jsonrpc\":\"2.0\",\"id\":1}".utf8)
    let bytes = T.number(other.count + 4, 4) + T.number(other.count, 4) + other
    #expect(recognize(bytes, .client) == .no)
  }
}
