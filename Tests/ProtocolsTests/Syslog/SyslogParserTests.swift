// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SyslogParserTests {
  @Test func messagesInBothForms() {
    expectDatagrams(
      Syslog(),
      Talk(.client, "<165>1 2003-10-11T22:14:15.003Z host.example evntslog - ID47 - a secret"),
      Talk(.client, "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed"),
      Talk(.client, "<13>Feb  5 17:32:18 cron: done"),
      gives: [
        ExpectedMessage(
          .session, version: "RFC 5424", requestType: "notice", requestDomain: "host.example",
          requestResource: "evntslog", endpoint: "evntslog", attributes: ["syslog.facility": "20"]),
        ExpectedMessage(
          .session, version: "RFC 3164", requestType: "critical", requestDomain: "mymachine",
          requestResource: "su", endpoint: "su"),
        ExpectedMessage(
          .session, requestType: "notice", requestDomain: "", requestResource: "cron"),
      ])
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      Syslog(), seed: seed, rounds: 300,
      seeds: [
        Talk(.client, "<165>1 - a b - - -"), Talk(.client, "<34>Oct 11 22:14:15 m su[2]: a"),
      ])
  }

  @Test(arguments: [
    "<13>1 - h a - - Zq9xWv7k", "<13>Feb  5 17:32:18 Zq9xWv7k is it",
    "<13>Feb  5 17:32:18 h a: Zq9xWv7k",
    "<13>Feb  5 17:32:18 h Zq9xWv7k=1:",
  ])
  func whatIsSaidIsNotTold(text: String) {
    let held = hold(Syslog(), [Talk(.client, text)], transport: .udp, isFinal: true)
    #expect(held.messages.count == 1)
    #expect(!"\(held.messages)".contains("Zq9x"))
  }

  @Test(arguments: [
    "<192>1 - a b - - -", "<13>2 - a b - - -", "<13> Oct 11 22:14:15 a b", "<a>1 - a b - - -",
    "<13>Okt 11 22:14:15 a b:", "<html>1 - a b c", "<1234>1 - a b - - -",
    "<13>Oct 11 22.14.15 a b:",
    "<13>",
  ])
  func almostTheProtocolIsNot(text: String) {
    let context = RecognitionContext(transport: .udp, side: .client, serverPort: 514)
    #expect(Syslog().recognize(Array(text.utf8).span, context: context) == .no)
  }
}
