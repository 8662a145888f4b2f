// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct TLSRecognitionTests {
  private typealias T = TLSTalks

  private static func recognize(
    _ bytes: [UInt8], _ transport: TransportProtocol = .tcp
  ) -> Recognition {
    TLS().recognize(
      bytes.span,
      context: RecognitionContext(transport: transport, side: nil, serverPort: 40_000))
  }

  @Test func hellosAreSeenAtTheirHeads() {
    let hello = T.handshake(T.hello13)
    let choice = T.handshake(T.choice12)
    #expect(Self.recognize(hello) == .yes(sentBy: .client))
    #expect(Self.recognize(choice) == .yes(sentBy: .server))
    for count in 1..<11 { #expect(Self.recognize(Array(hello.prefix(count))) == .undecided) }
    for count in 11..<hello.count {
      #expect(Self.recognize(Array(hello.prefix(count))) == .yes(sentBy: .client))
    }
    #expect(Self.recognize(T.cut(T.hello13, every: 3)) == .no)
    #expect(Self.recognize(T.cut(T.hello13, every: 4)) == .yes(sentBy: .client))
    let datagram = T.datagram(T.hello13, sequence: 0)
    #expect(Self.recognize(datagram, .udp) == .yes(sentBy: .client))
    #expect(Self.recognize(Array(datagram.dropLast()), .udp) == .no)
  }

  @Test(arguments: [
    TLSTalks.alert(40), TLSTalks.changeCipherSpec + TLSTalks.hidden(22), TLSTalks.hidden(),
    TLSTalks.hidden() + TLSTalks.hidden(), TLSTalks.hidden(21),
  ])
  func itsMiddleIs(bytes: [UInt8]) { #expect(Self.recognize(bytes) == .yes(sentBy: nil)) }

  @Test(arguments: [
    // Versions, types and lengths that there are not.
    "16 0301 00c8 01 0000c4 0403", "16 0305 00c8 01 0000c4 0303", "16 0201 00c8 01 0000c4 0303",
    "16 0301 00c8 03 0000c4 0303", "16 0301 ffff 01 0000c4 0303", "16 0301 00c8 01 00000a 0303",
    "16 0301 00c8 01 7f0000 0303", "16 0301 0000 01 0000c4 0303", "18 0301 0010 01 0000c4 0303",
    "15 0303 0002 03 28", "15 0303 0002 02 c8", "15 0303 0001 02", "14 0303 0002 01 01",
    "14 0303 0001 02", "17 0303 0004 01020304", "17 0300 0020 01020304", "17 0303 4fff 01",
    // A record behind which there is none.
    "17 0303 0010 00112233445566778899aabbccddeeff 47455420 2f",
  ])
  func almost(text: String) { #expect(Self.recognize(KafkaTalks.bytes(text)) == .no) }

  @Test(arguments: [
    "16 feff 0000 000000000000 0010 01", "16 fefe 0000 000000000000 0001 01",
    // A part that is longer than its message.
    "16 feff 0000 000000000000 0010 01 000003 0000 000000 000004 01020304",
    "16 feff 0000 000000000000 0010 07 000004 0000 000000 000004 01020304",
    "17 fefd 0001 000000000001 0004 01020304",
  ])
  func almostInDatagrams(text: String) {
    #expect(Self.recognize(KafkaTalks.bytes(text), .udp) == .no)
  }
}
