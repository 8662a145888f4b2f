// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct TDSRecognitionTests {
  private typealias T = TDSTalks

  private static func recognize(_ bytes: [UInt8]) -> Recognition {
    TDS().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsFront() {
    let request = T.message(1, T.batch("SELECT 1"))
    #expect(Self.recognize(request) == .yes(sentBy: .client))
    for count in 1..<20 { #expect(Self.recognize(Array(request.prefix(count))) == .undecided) }
    #expect(Self.recognize(T.message(3, T.call(10, []))) == .yes(sentBy: .client))
    #expect(Self.recognize(T.message(1, T.wide("SELECT 1"))) == .yes(sentBy: .client))
    for answer in [T.done(), T.error(1, "a"), T.rows(9), [0x79, 0, 0, 0, 0], [0xe3, 1, 0, 1]] {
      #expect(Self.recognize(T.message(4, answer)) == .yes(sentBy: .server))
    }
    #expect(
      Self.recognize(
        T.message(0x12, KafkaTalks.bytes("00 000b 0006 01 0011 0001 ff 0f000000 0000 01")))
        == .yes(sentBy: .client))
  }

  @Test(arguments: [
    // A type, a status, a length, a window that there are not; contents that are none.
    "02 01 0020 0000 01 00 16000000", "01 21 0020 0000 01 00 16000000",
    "01 01 0007 0000 01 00 16000000", "01 01 8020 0000 01 00 16000000",
    "01 01 0020 0000 01 01 16000000", "01 01 0020 0000 01 00 01020304 05060708 090a0b0c",
    "03 01 0020 0000 01 00 0000 0000 0000 0000 0000 0000", "04 01 0020 0035 01 00 55 0000",
    "04 01 0020 0035 01 00 aa ffff", "12 01 0020 0000 01 00 01 000b 0006 ff",
    "12 01 0020 0000 01 00 00 ffff 0006 01 0011 0001 ff", "10 01 0020 0000 01 00 01000000 00000074",
  ])
  func almost(text: String) { #expect(Self.recognize(KafkaTalks.bytes(text)) == .no) }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      TDS(), seed: seed, rounds: 400,
      seeds: [
        Talk(.client, bytes: T.message(1, T.batch("SELECT 1"))),
        Talk(.client, bytes: T.message(3, T.call(13, T.handle + T.text("a") + T.long("SELECT 1")))),
        Talk(.server, bytes: T.message(4, T.rows(9) + T.error(5, "text") + T.done(2), every: 20)),
        Talk(.server, bytes: T.message(4, T.done(0x10, rows: 3))),
      ])
  }
}
