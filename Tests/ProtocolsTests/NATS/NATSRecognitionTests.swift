// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct NATSRecognitionTests {
  private func recognize(_ text: String, _ side: Side?, port: UInt16 = 40_000) -> Recognition {
    let bytes = Array(text.utf8)
    return NATS().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: port))
  }

  @Test(arguments: [
    (Side.server, "INFO {\"server_id\":\"A\"}\r\n"), (.server, "INFO {\"server_id\""),
    (.client, "CONNECT {\"verbose\":false}\r\n"), (.client, "PUB a 2\r\nhi\r\n"),
    (.server, "MSG a 1 2\r\nhi\r\nPING\r\n"), (.client, "HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n"),
  ])
  func messagesTellWhoSentThem(side: Side, text: String) {
    #expect(recognize(text, side) == .yes(sentBy: side))
    #expect(recognize(text, nil) == .yes(sentBy: side))
    #expect(recognize(text, side.other) == .no)
    for count in 1..<5 { #expect(recognize(String(text.prefix(count)), side) == .undecided) }
  }

  @Test(arguments: ["PING\r\n", "SUB a 1\r\n", "UNSUB 1\r\n"])
  func shortLinesAreSureOnTheirOwnPort(text: String) {
    #expect(recognize(text, .client) == .undecided)
    #expect(recognize(text, .client, port: 4_222) == .yes(sentBy: .client))
  }

  @Test(arguments: [
    "PUB a 2\r\nhigh\r\n", "MSG a 1 2\r\nhigh\r\n", "PUB a\r\n", "PUB a b c 2\r\nhi\r\n",
    "INFO server\r\n", "INFO sip:a@b SIP/2.0\r\n", "CONNECT a:443 HTTP/1.1\r\n", "PINGS\r\n",
    "PING 1\r\n", "+OK 3\r\n", "SUB\r\n", "SUBSCRIBE a\r\n", "info {}\r\n", "MSG\r\n", "USER a\r\n",
    "HELO a\r\n", "+PONG\r\n", "STAT\r\n", "CONNECT\r\naccept-version:1.2\r\n",
  ])
  func almostTheProtocolIsNot(text: String) {
    for side in [Side.client, .server, nil] {
      #expect(recognize(text, side, port: 4_222) == .no)
    }
  }
}
