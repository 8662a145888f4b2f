// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct HTTP2RecognitionTests {
  private func recognize(
    _ bytes: [UInt8], _ side: Side? = nil, isTruncated: Bool = false
  ) -> Recognition {
    HTTP2().recognize(
      bytes.span,
      context: RecognitionContext(
        transport: .tcp, side: side, serverPort: 9_999, isTruncated: isTruncated))
  }

  @Test func thePrefaceIsTheClients() {
    for count in 0..<24 {
      #expect(recognize(Array(HTTP2Talks.preface[..<count])) == .undecided, "\(count)")
    }
    #expect(recognize(HTTP2Talks.preface) == .yes(sentBy: .client))
    #expect(recognize(HTTP2Talks.preface, .server) == .no)
    #expect(recognize(Array("PRI * HTTP/2.0\r\n\r\nSN".utf8)) == .no)
  }

  @Test(
    arguments: [
      (HTTP2Talks.request(7), .yes(sentBy: .client)),
      (HTTP2Talks.response(7), .yes(sentBy: .server)),
      (HTTP2Talks.settings(), .yes(sentBy: nil)),
      (HTTP2Talks.frame(8, [0, 0, 1, 0]) + HTTP2Talks.request(9), .yes(sentBy: .client)),
      (HTTP2Talks.frame(4, flags: 1) + HTTP2Talks.frame(8, [0, 0, 1, 0]), .yes(sentBy: nil)),
      (HTTP2Talks.data(5, [1, 2]) + HTTP2Talks.response(7), .yes(sentBy: .server)),
    ] as [([UInt8], Recognition)])
  func framesThatFitAreIt(bytes: [UInt8], answer: Recognition) {
    #expect(recognize(bytes) == answer)
    let first = bytes[3] == 0 ? 20 : 0
    for count in first..<(bytes.count - 1) {
      let part = recognize(Array(bytes[..<count]))
      #expect(part == .undecided || part == answer, "\(count) bytes: \(part)")
    }
  }

  @Test func aLongHeadIsKnownByWhatTheCaptureHasOfIt() {
    let request = HTTP2Talks.request(
      7, "GET", "/a", [("cookie", String(repeating: "c", count: 9_000))])
    #expect(recognize(Array(request[..<2_048])) == .undecided)
    #expect(recognize(Array(request[..<2_048]), isTruncated: true) == .yes(sentBy: .client))
  }

  /// Lengths in front of something else, and frames that no peer sends.
  @Test(
    arguments: [
      ("a preface of SM only", Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8)),
      ("a post", Array("POST / HTTP/1.1\r\n\r\n".utf8)),
      ("PostgreSQL's TLS request", bytes("00000008 04d2162f")),
      ("PostgreSQL's start", bytes("00000014 00030000 75736572 006d6500 00000000")),
      ("Kafka", bytes("00000014 0012 0003 00000001 0006 636c69656e74 00")),
      ("DNS", bytes("0018 1234 0100 0001 0000 0000 0000 0377777702 6578 00 0001 0001")),
      ("Thrift", bytes("00000015 80010001 00000004 70696e67 00000001 00")),
      ("zeros", [UInt8](repeating: 0, count: 64)),
      ("settings of a stream", HTTP2Talks.frame(4, stream: 1, [0, 3, 0, 0, 0, 1])),
      ("settings of five bytes", HTTP2Talks.frame(4, [0, 3, 0, 0, 0])),
      ("a setting that may not be", HTTP2Talks.frame(4, [0, 2, 0, 0, 0, 9])),
      ("a window of nothing", HTTP2Talks.frame(8, [0, 0, 0, 0])),
      ("a body alone", [0, 0, 99, 0, 0, 0, 0, 0, 1, 7]),
      ("headers of two kinds", HTTP2Talks.headers(1, [0x82, 0x86, 0x88], goesOn: false)),
      ("headers that are none", HTTP2Talks.headers(1, [0x82, 0x86, 0x80], goesOn: false)),
      ("headers with flags of another's", HTTP2Talks.frame(1, flags: 0x40, stream: 1, [0x88])),
      ("a frame of the reserved bit", [0, 0, 1, 1, 4, 0x80, 0, 0, 1, 0x88]),
      ("a type that is none", HTTP2Talks.frame(0x2a, stream: 1, [1])),
    ] as [(String, [UInt8])])
  func whatIsAlmostItIsNot(what: String, bytes: [UInt8]) {
    #expect(recognize(bytes) == .no, "\(what)")
  }

  /// It fits so far, and nothing in it is of HTTP.
  @Test(
    arguments: [
      HTTP2Talks.frame(4), HTTP2Talks.frame(8, [0, 0, 1, 0]),
      HTTP2Talks.headers(1, [0xbe, 0xbf], goesOn: false), HTTP2Talks.data(1, [1, 2, 3]),
    ])
  func oneFrameThatMayBeAnythingIsNotEnough(bytes: [UInt8]) {
    #expect(recognize(bytes) == .undecided)
  }

  @Test func whoseItIsMustFitTheSide() {
    #expect(recognize(HTTP2Talks.request(1), .server) == .no)
    #expect(recognize(HTTP2Talks.response(1), .client) == .no)
  }
}
