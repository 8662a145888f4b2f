// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SIPParserTests {
  private static func request(
    _ side: Side, _ method: String, _ target: String = "sip:ann@shop.example:5060;x=y",
    id: String = "c-1", body: String = ""
  ) -> Talk {
    Talk(
      side,
      "\(method) \(target) SIP/2.0\r\nVia: SIP/2.0/TCP a\r\nFrom: <sip:bob@a>\r\n"
        + "Call-ID: \(id)\r\nCSeq: 1 \(method)\r\nUser-Agent: phone\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  private static func response(
    _ side: Side, _ line: String, _ method: String = "INVITE", id: String = "c-1"
  ) -> Talk {
    Talk(side, "SIP/2.0 \(line)\r\ni: \(id)\r\nCSeq: 1  \(method)\r\nl: 0\r\n\r\n")
  }

  @Test func aCall() {
    expectMessages(
      SIP(), Self.request(.client, "INVITE", body: "v=0\r\n"),
      Self.response(.server, "100 Trying"), Self.response(.server, "180 Ringing"),
      Self.response(.server, "486 Busy 'ann'"), Self.request(.client, "ACK"),
      Talk(.client, "\r\n\r\n"), Self.request(.server, "OPTIONS", "sips:a", id: "d"),
      Self.response(.client, "200 OK", "OPTIONS", id: "d"),
      gives: [
        ExpectedMessage(
          .request, requestType: "INVITE", requestDomain: "shop.example",
          requestResource: "sip:?@shop.example", endpoint: "INVITE", userAgent: "phone", length: 5),
        ExpectedMessage(
          .response, status: .clientError, code: 486, responseException: "Busy ?"),
        ExpectedMessage(.session, requestType: "ACK"),
        ExpectedMessage(.request, requestType: "OPTIONS", requestResource: "sip:a"),
        ExpectedMessage(.response, status: .ok, code: 200),
      ])
  }

  @Test func inDatagrams() {
    expectDatagrams(
      SIP(), Self.request(.client, "REGISTER", "tel:+491234"),
      Self.response(.server, "503 Service Unavailable", "REGISTER"),
      gives: [
        ExpectedMessage(.request, requestType: "REGISTER", requestResource: ""),
        ExpectedMessage(.response, status: .serverError, code: 503),
      ])
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      SIP(), seed: seed, rounds: 300,
      seeds: [Self.request(.client, "INVITE", body: "v"), Self.response(.server, "200 OK")])
  }

  @Test func whoCallsWhomIsNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    search.search(
      SIP(), [Self.request(.client, "INVITE", "sip:\(mark)@a", id: mark, body: mark)])
    search.search(SIP(), [Self.request(.client, "INVITE", "tel:\(mark)")])
    search.search(
      SIP(), [Self.request(.client, "BYE"), Self.response(.server, "404 no '\(mark)'", "BYE")])
  }

  private func recognize(_ text: String, _ side: Side?) -> Recognition {
    SIP().recognize(
      Array(text.utf8).span,
      context: RecognitionContext(transport: .udp, side: side, serverPort: 40_000))
  }

  @Test func theFirstLineTells() {
    let line = "INVITE sip:a@b SIP/2.0\r\n"
    #expect(recognize(line, nil) == .yes(sentBy: .client))
    #expect(recognize("SIP/2.0 200 OK\r\n", nil) == .yes(sentBy: .server))
    for count in 1..<20 { #expect(recognize(String(line.prefix(count)), nil) == .undecided) }
    for text in [
      "INVITE http://a SIP/2.0\r\n", "OPTIONS * HTTP/1.1\r\n", "INVITE sip:a SIP/1.0\r\n",
      "SIP/2.0 2000 OK\r\n", "MESSAGE\ndestination:/a\n", "INVITES sip:a SIP/2.0\r\n",
      "SUBSCRIBE\r\n", "OPTIONS rtsp://a RTSP/1.0\r\n",
    ] {
      #expect(recognize(text, nil) == .no, "\(text)")
    }
  }
}
