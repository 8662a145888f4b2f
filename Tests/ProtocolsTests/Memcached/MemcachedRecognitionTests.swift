// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct MemcachedRecognitionTests {
  private func recognize(
    _ bytes: [UInt8], _ side: Side?, port: UInt16 = 40_000
  ) -> Recognition {
    Memcached().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: port))
  }

  @Test(arguments: [
    "set k 0 0 3\r\nabc\r\n", "add k 0 -1 3 noreply\r\n", "cas k 0 0 3 17\r\nabc\r\n",
  ])
  func whatIsStoredIsSureAnywhere(text: String) {
    #expect(recognize(Array(text.utf8), .client) == .yes(sentBy: .client))
    #expect(recognize(Array(text.utf8), nil) == .yes(sentBy: .client))
    #expect(recognize(Array(text.utf8), .server) == .no)
    for count in 1..<text.utf8.firstIndex(of: 0x0a)!.utf16Offset(in: text) {
      #expect(recognize(Array(text.utf8.prefix(count)), .client) == .undecided)
    }
  }

  /// Other protocols of lines have these words, too.
  @Test(arguments: [
    "get k\r\n", "delete 5\r\n", "stats\r\n", "version\r\n", "touch k 5\r\n", "mn\r\n",
  ])
  func plainWordsAreSureOnItsOwnPort(text: String) {
    #expect(recognize(Array(text.utf8), .client) == .undecided)
    #expect(recognize(Array(text.utf8), .client, port: 11_211) == .yes(sentBy: .client))
  }

  @Test(arguments: [
    "VALUE k 0 3\r\nabc\r\nEND\r\n", "VALUE k 0 3 9\r\n", "END\r\n", "STORED\r\n", "HD\r\n",
    "NOT_STORED\r\n", "VA 3 t5\r\nabc\r\n", "STAT pid 1\r\n", "CLIENT_ERROR bad data chunk\r\n",
  ])
  func answersTell(text: String) {
    #expect(recognize(Array(text.utf8), .server) == .yes(sentBy: .server))
    #expect(recognize(Array(text.utf8), nil) == .yes(sentBy: .server))
    #expect(recognize(Array(text.utf8), .client) == .no)
  }

  @Test(arguments: [
    "set k 0 0\r\n", "set k x 0 3\r\n", "set k 0 0 -3\r\n", "set k 0 0 3 4 5\r\n",
    " set k 0 0 3\r\n",
    "get\r\n", "GET k\r\n", "getk k\r\n", "VALUE\r\n", "VALUE k 0\r\n", "VALUE k 0 x\r\n",
    "END OF FILE\r\n", "STORED it\r\n", "value k 0 3\r\n", "OKAY\r\n", "get \u{1}\r\n",
    "HELO mail\r\n", "MAIL FROM:<a@b>\r\n", "SUB a 1\r\n", "PUB a 0\r\n", "INFO {}\r\n",
    "CONNECT {}\r\n", "USER a\r\n", "a1 LOGIN a b\r\n", "put 1 0 10 3\r\n", "stats-tube a\r\n",
  ])
  func almostTheProtocolIsNot(text: String) {
    for side in [Side.client, .server, nil] {
      #expect(recognize(Array(text.utf8), side) == .no)
    }
  }

  @Test func theBinaryHeadHasToFit() {
    let get = MemcachedBinaryTests.request(0, key: "k").bytes
    #expect(recognize(get, .client) == .yes(sentBy: .client))
    #expect(recognize(get, nil) == .yes(sentBy: .client))
    #expect(recognize(get, .server) == .no)
    for count in 1..<24 { #expect(recognize(Array(get.prefix(count)), .client) == .undecided) }
    let answer = MemcachedBinaryTests.response(0, extras: 4, value: "v").bytes
    #expect(recognize(answer, nil) == .yes(sentBy: .server))
    // An operation that there is not, extras that it has not, a key longer than the body, a type.
    for (place, value) in [(1, 0x3f), (1, 0xff), (4, 3), (3, 9), (5, 1), (8, 0x7f)]
      as [(Int, UInt8)]
    {
      var bytes = get
      bytes[place] = value
      #expect(recognize(bytes, .client) == .no, "\(place)")
    }
  }
}
