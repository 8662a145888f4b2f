// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct FTPParserTests {
  @Test func aSession() {
    expectMessages(
      FTP(), Talk(.server, "220-Hello\r\n you\r\n220 FTP at files.example\r\n"),
      Talk(.client, "USER ann\r\n"), Talk(.server, "331 Password?\r\n"),
      Talk(.client, "PASS secret\r\n"), Talk(.server, "230-Hi\r\n530 is not it\r\n230 in\r\n"),
      Talk(.client, "RETR /a.txt\r\n"), Talk(.server, "150 Opening\r\n226 Done\r\n"),
      Talk(.client, "RETR /b.txt\r\n"), Talk(.server, "550 /b.txt: no\r\n"),
      Talk(.client, "LIST\r\n"), Talk(.server, "425 no way\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "USER", requestResource: "", endpoint: "USER"),
        ExpectedMessage(.response, status: .ok, code: 331),
        ExpectedMessage(.request, requestType: "PASS", requestResource: "", attributes: [:]),
        ExpectedMessage(.response, status: .ok, code: 230),
        ExpectedMessage(.request, requestType: "RETR"),
        ExpectedMessage(.response, status: .ok, code: 226),
        ExpectedMessage(.request, requestType: "RETR"),
        ExpectedMessage(
          .response, status: .clientError, code: 550, responseException: "File unavailable"),
        ExpectedMessage(.request, requestType: "LIST"),
        ExpectedMessage(
          .response, status: .serverError, code: 425,
          responseException: "Cannot open data connection"),
      ])
  }

  @Test func behindAUTHComesAnother() {
    let held = hold(
      FTP(),
      [
        Talk(.client, "AUTH TLS\r\n"), Talk(.server, "234 go\r\n"),
        Talk(.client, bytes: [0x16, 3, 1]),
      ])
    #expect(held.messages.count == 2 && held.successor == .unknown)
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      FTP(), seed: seed, rounds: 300,
      seeds: [Talk(.client, "USER a\r\n"), Talk(.server, "230-a\r\n230 b\r\n")])
  }

  @Test func filesAndUsersAreNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    search.search(
      FTP(), [Talk(.client, "USER \(mark)\r\nPASS \(mark)\r\nRETR /\(mark)\r\n\(mark)\r\n")])
    search.search(FTP(), [Talk(.client, "RETR a\r\n"), Talk(.server, "550 \(mark): no\r\n")])
  }

  private func recognize(_ text: String, _ side: Side?, port: UInt16 = 40_000) -> Recognition {
    FTP().recognize(
      Array(text.utf8).span,
      context: RecognitionContext(transport: .tcp, side: side, serverPort: port))
  }

  @Test func conformanceComesBeforeThePort() {
    #expect(recognize("220 (vsFTPd 3.0.3)\r\n", nil) == .yes(sentBy: .server))
    #expect(recognize("227 Entering Passive Mode (1,2,3,4,5,6)\r\n", nil) == .yes(sentBy: .server))
    #expect(recognize("220 welcome\r\n", .server) == .undecided)
    #expect(recognize("220 welcome\r\n", .server, port: 21) == .yes(sentBy: .server))
    #expect(recognize("220 a ESMTP\r\n", .server, port: 21) == .no)
    #expect(recognize("USER ann\r\n", .client, port: 21) == .yes(sentBy: .client))
    for text in ["USER ann\r\n", "331 a\r\n", "227 a\r\n", "PASS a\r\n", "22 a\r\n"] {
      #expect(recognize(text, nil) == .no, "\(text)")
    }
    for count in 1..<5 { #expect(recognize(String("220 a\r\n".prefix(count)), nil) == .undecided) }
  }
}
