// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct ModbusParserTests {
  private static let read = Talk(.client, hex: "0007 0000 0006 11 03 006b 0003")
  private static let answer = Talk(.server, hex: "0007 0000 0009 11 03 06 022b 0000 0064")

  @Test func functionsAndTheirAnswers() {
    expectMessages(
      Modbus(), Self.read, Self.answer, Talk(.client, hex: "0008 0000 0006 11 06 0001 0003"),
      Talk(.server, hex: "0008 0000 0003 11 86 02"), Talk(.client, hex: "0009 0000 0002 11 11"),
      Talk(.server, hex: "0009 0000 0003 11 91 06"),
      gives: [
        ExpectedMessage(
          .request, requestType: "Read Holding Registers", requestDomain: "17",
          requestResource: "107", endpoint: "Read Holding Registers", requestID: 7),
        ExpectedMessage(.response, status: .ok, code: 0, requestID: 7),
        ExpectedMessage(.request, requestType: "Write Single Register", requestResource: "1"),
        ExpectedMessage(
          .response, status: .clientError, code: 2, responseException: "ILLEGAL DATA ADDRESS"),
        ExpectedMessage(.request, requestType: "Report Server ID", requestResource: ""),
        ExpectedMessage(
          .response, status: .serverError, code: 6, responseException: "SERVER DEVICE BUSY"),
      ])
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(Modbus(), seed: seed, rounds: 300, seeds: [Self.read, Self.answer])
  }

  @Test func valuesAreNotTold() {
    let mark = KafkaTalks.words(Array(SecretPropertyTests.mark.utf8))
    SecretPropertyTests().search(
      Modbus(), [Talk(.client, hex: "0007 0000 000f 11 10 0001 0004 08 \(mark)")])
    SecretPropertyTests().search(
      Modbus(), [Self.read, Talk(.server, hex: "0007 0000 000b 11 03 08 \(mark)")])
  }

  @Test func itIsLookedForOnItsPortAlone() {
    func recognize(_ talk: Talk, port: UInt16 = 502) -> Recognition {
      Modbus().recognize(
        talk.bytes.span,
        context: RecognitionContext(transport: .tcp, side: talk.side, serverPort: port))
    }
    #expect(recognize(Self.read) == .yes(sentBy: .client))
    #expect(recognize(Self.answer) == .yes(sentBy: .server))
    #expect(recognize(Self.read, port: 5_020) == .no)
    for hex in [
      "0007 0001 0006 11 03 006b 0003", "0007 0000 0106 11 03 006b 0003",
      "0007 0000 0006 11 63 006b 0003", "0007 0000 0001 11 03", "0007 0000 0006 11 83 006b 0003",
    ] {
      #expect(recognize(Talk(.client, hex: hex)) == .no, "\(hex)")
    }
  }
}
