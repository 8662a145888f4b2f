// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct CassandraRecognitionTests {
  typealias T = CassandraTalks

  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    Cassandra().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    T.frame(.client, 5), CassandraParserTests.startup, T.statement(7, "SELECT 1"),
    T.statement(9, version: 3, "SELECT 1"), T.result(2, [0, 0, 0, 1]), T.error(0x2000, "bad"),
    T.frame(.client, 10, [0, 16] + [UInt8](repeating: 9, count: 16) + [0, 1, 0]),
  ])
  func framesTellWhoSentThem(talk: Talk) {
    #expect(recognize(talk.bytes, talk.side) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, talk.side.other) == .no)
    for count in 1..<9 {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided, "\(count)")
    }
  }

  @Test(arguments: [
    "02 00 00 05 00000000", "06 00 0001 05 00000000", "04 20 0001 05 00000000",
    "04 00 0001 04 00000000", "04 00 0001 08 00000004 00000001", "84 00 0001 07 00000004 00000001",
    "04 00 0001 05 00000001 00", "04 00 0001 05 20000000", "84 00 0001 08 00000004 00000009",
    "84 00 0001 00 00000006 00002001 0000", "04 00 0001 07 00000005 00000009 61",
    "04 00 0001 07 00000006 00000002 0001", "04 00 0001 01 00000002 0000",
    "04 00 0001 0a 00000004 0002 0102",
  ])
  func almostTheProtocolIsNot(hex: String) {
    for side in [Side.client, .server, nil] {
      #expect(recognize(Talk(.client, hex: hex).bytes, side) == .no)
    }
  }
}
