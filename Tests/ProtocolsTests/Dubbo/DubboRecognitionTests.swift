// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct DubboRecognitionTests {
  private static func recognize(_ bytes: [UInt8], side: Side? = nil) -> Recognition {
    Dubbo().recognize(
      bytes.span,
      context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsHead() {
    let request = DubboTalks.request(DubboTalks.head("a.S", "m") + " 48 5a").bytes
    let response = DubboTalks.response("92").bytes
    #expect(Self.recognize(request) == .yes(sentBy: .client))
    #expect(Self.recognize(response) == .yes(sentBy: .server))
    #expect(Self.recognize(DubboTalks.request(flags: 0xe2, "4e").bytes) == .yes(sentBy: nil))
    for count in 1..<16 {
      #expect(Self.recognize(Array(request.prefix(count))) == .undecided)
      #expect(Self.recognize(Array(response.prefix(count))) == .undecided)
    }
  }

  @Test(arguments: [
    "dabc c2 00 0000000000000001 00000001", "dabb c0 00 0000000000000001 00000001",
    "dabb c2 14 0000000000000001 00000001", "dabb 02 00 0000000000000001 00000001",
    "dabb 02 15 0000000000000001 00000001", "dabb c2 00 0000000000000001 ffffffff",
    "dabb ce 00 0000000000000001 00000001",
  ])
  func almost(head: String) {
    #expect(Self.recognize(KafkaTalks.bytes(head)) == .no)
  }

  /// Behind lost bytes only a head is a beginning.
  @Test func anArgumentIsNoMessage() {
    var driver = ParserDriver(Dubbo())
    let call = DubboTalks.request(DubboTalks.head("a.S", "m", types: "[B") + " 23 dabbc2 48 5a")
    driver.feed(call.bytes, from: .client)
    for start in call.bytes.indices.dropFirst() {
      driver.lose(from: .client)
      driver.feed(Array(call.bytes[start...]), from: .client, isFinal: true)
    }
    driver.lose(from: .client)
    driver.feed(call.bytes, from: .client)
    #expect(driver.messages.count == 2)
    #expect(driver.error == nil)
    #expect(driver.violations == [])
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      Dubbo(), seed: seed, rounds: 400,
      seeds: [
        DubboTalks.request(
          DubboTalks.head("a.S", "m", types: "[I") + " 58 92 90 91 48 02 'b3' 01 'x' 5a"),
        DubboTalks.response("90 43 01 'T' 91 01 'a' 60 90"),
        DubboTalks.message(.client, 0xc8, 0, 1, [0x32, 0xb0, 0x61, 0xe2, 0x31, 0xb0, 3, 1, 0x62]),
        DubboTalks.message(.client, 0xd7, 0, 1, [0, 0, 0, 2, 0x4a, 0x61, 0, 0, 0, 1, 0xa6]),
      ])
  }
}
