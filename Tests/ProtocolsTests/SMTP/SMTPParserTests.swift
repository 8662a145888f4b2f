// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SMTPParserTests {
  @Test func aMail() {
    expectMessages(
      SMTP(), Talk(.server, "220 mail.shop.example ESMTP\r\n"),
      Talk(.client, "EHLO app.example\r\n"),
      Talk(.server, "250-mail.shop.example\r\n250-SIZE 1000\r\n250 HELP\r\n"),
      Talk(.client, "MAIL FROM:<ann@a.example> SIZE=9\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n"),
      Talk(.server, "250 ok\r\n550 5.1.1 <bob@b.example>: no\r\n354 go on\r\n"),
      Talk(.client, "A: b\r\n\r\nQUIT\r\n..\r\n.\r\n"), Talk(.server, "451 try again\r\n"),
      Talk(.client, "QUIT\r\n"), Talk(.server, "221 bye\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "EHLO", requestDomain: "mail.shop.example", endpoint: "EHLO",
          attributes: ["smtp.client_name": "app.example"]),
        ExpectedMessage(.response, status: .ok, code: 250),
        ExpectedMessage(.request, requestType: "MAIL", requestResource: "?@a.example"),
        ExpectedMessage(.request, requestType: "RCPT", requestResource: "?@b.example"),
        ExpectedMessage(.request, requestType: "DATA"),
        ExpectedMessage(.response, status: .ok, code: 250),
        ExpectedMessage(
          .response, status: .clientError, code: 550, responseException: "Mailbox unavailable"),
        ExpectedMessage(
          .response, status: .serverError, code: 451,
          responseException: "Local error in processing"),
        ExpectedMessage(.request, requestType: "QUIT"),
        ExpectedMessage(.response, status: .ok, code: 221),
      ])
  }

  @Test func aLoginIsOneCall() {
    expectMessages(
      SMTP(), Talk(.client, "AUTH LOGIN\r\n"), Talk(.server, "334 VXNlcm5hbWU6\r\n"),
      Talk(.client, "YW5u\r\n"), Talk(.server, "334 UGFzc3dvcmQ6\r\n"),
      Talk(.client, "c2VjcmV0\r\n"), Talk(.server, "535 no\r\n"),
      Talk(.client, "BDAT 5 LAST\r\nQUIT\nNOOP\r\n"), Talk(.server, "250 ok\r\n250 ok\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "AUTH", attributes: ["smtp.auth": "LOGIN"]),
        ExpectedMessage(.response, status: .clientError, code: 535),
        ExpectedMessage(.request, requestType: "BDAT", length: 5),
        ExpectedMessage(.request, requestType: "NOOP"), ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  @Test(arguments: [("220 go\r\n", true), ("454 not now\r\n", false)])
  func behindSTARTTLSComesAnother(reply: String, isOver: Bool) {
    let held = hold(
      SMTP(),
      [
        Talk(.client, "STARTTLS\r\n"), Talk(.server, reply),
        isOver ? Talk(.client, bytes: [0x16, 3, 1]) : Talk(.client, "NOOP\r\n"),
      ])
    #expect(held.error == nil && held.messages[0].texts["request_type"] == "STARTTLS")
    #expect(held.successor == (isOver ? .unknown : nil))
  }

  @Test func aServerThatRefusesIsToldOf() {
    expectMessages(
      SMTP(), Talk(.server, "554 no\r\n"),
      gives: [
        ExpectedMessage(
          .session, requestType: "greeting", status: .clientError, code: 554,
          responseException: "Transaction failed")
      ])
  }

  /// Of a conversation that was found in the middle.
  @Test func anAnswerToWhatWasNotSeenIsNoGreeting() {
    expectMessages(
      SMTP(), Talk(.server, "550 no\r\n"), Talk(.client, "NOOP\r\n"), Talk(.server, "250 ok\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "NOOP"), ExpectedMessage(.response, status: .ok),
      ])
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      SMTP(), seed: seed, rounds: 400,
      seeds: [
        Talk(.client, "MAIL FROM:<a@b>\r\n"), Talk(.server, "250-a\r\n250 b\r\n"),
        Talk(.client, "DATA\r\n"), Talk(.server, "354 a\r\n"),
        Talk(.client, "BDAT 99999999999\r\n"),
      ])
  }

  @Test func mailsAndTheirPeopleAreNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    search.search(
      SMTP(), [Talk(.client, "MAIL FROM:<\(mark)@a> X=\(mark)\r\nVRFY \(mark)\r\nFOO \(mark)\r\n")])
    search.search(SMTP(), [Talk(.client, "AUTH PLAIN \(mark)\r\n\(mark)\r\n")])
    search.search(
      SMTP(),
      [
        Talk(.client, "DATA\r\n"), Talk(.server, "354 a\r\n"),
        Talk(.client, "\(mark)\r\nSubject: \(mark)\r\n.\r\n"),
      ])
    search.search(SMTP(), [Talk(.client, "NOOP\r\n"), Talk(.server, "550 \(mark)\r\n")])
  }

  private func recognize(_ text: String, _ side: Side?, port: UInt16 = 40_000) -> Recognition {
    SMTP().recognize(
      Array(text.utf8).span,
      context: RecognitionContext(transport: .tcp, side: side, serverPort: port))
  }

  @Test func conformanceComesBeforeThePort() {
    #expect(recognize("220 a.example ESMTP Postfix\r\n", nil) == .yes(sentBy: .server))
    #expect(recognize("220 welcome\r\n", .server) == .undecided)
    #expect(recognize("220 welcome\r\n", .server, port: 25) == .yes(sentBy: .server))
    #expect(recognize("220 FTP server\r\n", .server, port: 25) == .no)
    #expect(recognize("ehlo a\r\n", nil) == .yes(sentBy: .client))
    #expect(recognize("RCPT TO:<a@b>\r\n", nil) == .yes(sentBy: .client))
    for count in 1..<7 { #expect(recognize(String("EHLO a\r\n".prefix(count)), nil) == .undecided) }
    for text in ["EHLO\r\n", "EHLO a b\r\n", "MAIL a\r\n", "HELP\r\n", "RCPT TO\r\n", "221 a\r\n"] {
      #expect(recognize(text, nil, port: 25) == .no, "\(text)")
    }
    #expect(recognize("EHLO a\r\n", .server) == .no)
    #expect(recognize("220\u{1}\r\n", .server) == .no)
  }
}
