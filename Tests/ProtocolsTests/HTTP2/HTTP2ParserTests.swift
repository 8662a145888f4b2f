// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct HTTP2ParserTests {
  private let opening = [HTTP2Talks.opening, HTTP2Talks.welcome]

  private func client(_ frames: [UInt8]...) -> Talk { Talk(.client, bytes: frames.flatMap(\.self)) }
  private func server(_ frames: [UInt8]...) -> Talk { Talk(.server, bytes: frames.flatMap(\.self)) }

  @Test func aRequestAndItsResponseAreRead() {
    let trace = "0af7651916cd43dd8448eb211c80319c"
    expectMessages(
      HTTP2(),
      opening + [
        client(
          HTTP2Talks.request(
            1, "GET", "/shop/cart/7?user=ann",
            [
              ("user-agent", "curl/8.1"), ("referer", "http://h/x?token=s"),
              ("x-request-id", "r1"), ("x-forwarded-for", "10.1.2.3"),
              ("traceparent", "00-\(trace)-b7ad6b7169203331-01"), ("cookie", "a=b"),
            ])),
        server(HTTP2Talks.response(1, 200, [("content-length", "3"), ("x-request-id", "r2")])),
      ],
      gives: [
        ExpectedMessage(
          .request, version: "2", requestType: "GET", requestDomain: "a",
          requestResource: "/shop/cart/7?user=?", endpoint: "/shop/cart/{id}", traceID: trace,
          spanID: "b7ad6b7169203331", requestXRequestID: "r1", proxyClient: "10.1.2.3",
          userAgent: "curl/8.1", referer: "http://h/x?token=?", requestID: 1, attributes: [:]),
        ExpectedMessage(
          .response, version: "2", status: .ok, code: 200, responseException: "",
          responseXRequestID: "r2", requestID: 1, length: 3),
      ])
  }

  @Test func streamsGoOnBesideEachOther() {
    expectMessages(
      HTTP2(),
      opening + [
        client(
          HTTP2Talks.request(1, "POST", "/a", goesOn: true), HTTP2Talks.request(3, "GET", "/b"),
          HTTP2Talks.data(1, [1, 2], goesOn: true)),
        server(HTTP2Talks.response(3, 404, goesOn: true), HTTP2Talks.data(3, [1], goesOn: true)),
        client(HTTP2Talks.data(1, [3])),
        server(
          HTTP2Talks.response(1, goesOn: true), HTTP2Talks.data(3, [2, 3]),
          HTTP2Talks.data(1, [])),
      ],
      gives: [
        ExpectedMessage(.request, requestResource: "/a", requestID: 1, length: 3),
        ExpectedMessage(.request, requestResource: "/b", requestID: 3, length: nil),
        ExpectedMessage(.response, status: .clientError, code: 404, requestID: 3, length: 3),
        ExpectedMessage(.response, status: .ok, code: 200, requestID: 1, length: 0),
      ])
  }

  @Test func theLengthThatIsSaidInFrontCounts() {
    expectMessages(
      HTTP2(),
      opening + [
        client(
          HTTP2Talks.request(1, "PUT", "/a", [("content-length", "2")], goesOn: true),
          HTTP2Talks.data(1, [1, 2])),
        server(
          HTTP2Talks.response(1, 500, [("content-length", "1")], goesOn: true),
          HTTP2Talks.data(1, [9])),
      ],
      gives: [
        ExpectedMessage(.request, requestType: "PUT", length: 2),
        ExpectedMessage(.response, status: .serverError, code: 500, length: 1),
      ])
  }

  @Test func paddingPriorityAndContinuationsAreNoFields() {
    let block = HTTP2Talks.requestFields("GET", "/a")
    let (front, back) = (Array(block[..<5]), Array(block[5...]))
    let padded = HTTP2Talks.frame(
      1, flags: 0x29, stream: 1, [3, 0x80, 0, 0, 5, 16] + front + [0, 0, 0])
    expectMessages(
      HTTP2(),
      opening + [
        client(
          padded, HTTP2Talks.frame(9, stream: 1), HTTP2Talks.frame(9, flags: 4, stream: 1, back),
          HTTP2Talks.frame(2, stream: 1, [0, 0, 0, 0, 9])),
        server(
          HTTP2Talks.response(1, goesOn: true),
          HTTP2Talks.frame(0, flags: 9, stream: 1, [2, 7, 7, 7, 0, 0])),
      ],
      gives: [
        ExpectedMessage(.request, requestResource: "/a", flags: []),
        ExpectedMessage(.response, code: 200, length: 3),
      ])
  }

  @Test func whatIsInterimIsNoResponseAndTrailersEndOne() {
    expectMessages(
      HTTP2(),
      opening + [
        client(
          HTTP2Talks.request(1, "POST", "/a", goesOn: true),
          HTTP2Talks.data(1, [1], goesOn: true), HTTP2Talks.trailers(1, [("x", "y")])),
        server(
          HTTP2Talks.response(1, 103, [("link", "x")], goesOn: true),
          HTTP2Talks.response(1, 200, goesOn: true), HTTP2Talks.data(1, [1, 2], goesOn: true),
          HTTP2Talks.trailers(1, [("x-checksum", "1")])),
      ],
      gives: [
        ExpectedMessage(.request, requestID: 1, length: 1),
        ExpectedMessage(.response, status: .ok, code: 200, length: 2),
      ])
  }

  @Test(
    arguments: [
      (8, ResponseStatus.serverError, "RST_STREAM CANCEL"),
      (7, .serverError, "RST_STREAM REFUSED_STREAM"),
      (11, .clientError, "RST_STREAM ENHANCE_YOUR_CALM"), (99, .serverError, "RST_STREAM 99"),
    ] as [(UInt8, ResponseStatus, String)])
  func aStreamThatTheServerResetsIsAnsweredByThat(
    code: UInt8, status: ResponseStatus, exception: String
  ) {
    expectMessages(
      HTTP2(),
      opening + [
        client(HTTP2Talks.request(1), HTTP2Talks.request(3)),
        server(
          HTTP2Talks.reset(1, code), HTTP2Talks.response(3, goesOn: true),
          HTTP2Talks.reset(3, code)),
      ],
      gives: [
        ExpectedMessage(.request, requestID: 1), ExpectedMessage(.request, requestID: 3),
        ExpectedMessage(.response, status: status, responseException: exception, requestID: 1),
        ExpectedMessage(
          .response, status: status, code: 200, responseException: exception, requestID: 3),
      ])
  }

  @Test func aStreamThatTheClientResetsEndsItsCall() {
    expectMessages(
      HTTP2(),
      opening + [
        client(HTTP2Talks.request(1), HTTP2Talks.reset(1, 8)),
        client(HTTP2Talks.request(3), HTTP2Talks.reset(3, 1)),
      ],
      gives: [
        ExpectedMessage(
          .request, status: .clientError, responseException: "RST_STREAM CANCEL", requestID: 1),
        ExpectedMessage(
          .request, status: .serverError, responseException: "RST_STREAM PROTOCOL_ERROR",
          requestID: 3),
      ])
  }

  /// What was asked behind the stream that is named was not looked at.
  @Test func whatAServerWillNotDoWhenItGoesIsToldAtOnce() {
    expectMessages(
      HTTP2(),
      opening + [
        client(HTTP2Talks.request(1), HTTP2Talks.request(3), HTTP2Talks.request(5)),
        server(
          HTTP2Talks.frame(7, [0, 0, 0, 1, 0, 0, 0, 0] + Array("bye".utf8)),
          HTTP2Talks.response(1)),
      ],
      gives: [
        ExpectedMessage(.request, requestID: 1), ExpectedMessage(.request, requestID: 3),
        ExpectedMessage(.request, requestID: 5),
        ExpectedMessage(
          .response, status: .serverError, responseException: "GOAWAY NO_ERROR", requestID: 3),
        ExpectedMessage(.response, status: .serverError, requestID: 5),
        ExpectedMessage(.response, status: .ok, requestID: 1),
      ])
  }

  @Test func whatIsPushedIsToldOfByItsPromise() {
    let promise = HTTP2Talks.frame(
      5, flags: 4, stream: 1, [0, 0, 0, 2] + HTTP2Talks.requestFields("GET", "/style.css"))
    expectMessages(
      HTTP2(),
      opening + [
        client(HTTP2Talks.request(1)),
        server(
          promise, HTTP2Talks.response(1), HTTP2Talks.response(2, goesOn: true),
          HTTP2Talks.data(2, [1, 2, 3])),
      ],
      gives: [
        ExpectedMessage(.request, requestResource: "/a"),
        ExpectedMessage(.session, requestType: "GET", requestResource: "/style.css"),
        ExpectedMessage(.response, requestID: 1),
      ])
  }

  @Test func otherFramesAndOnesThatNobodyKnowsAreNoCalls() {
    expectMessages(
      HTTP2(),
      opening + [
        client(
          HTTP2Talks.frame(6, [1, 2, 3, 4, 5, 6, 7, 8]), HTTP2Talks.frame(8, [0, 0, 1, 0]),
          HTTP2Talks.frame(0x10, [0, 0, 0, 1, 0x75]), HTTP2Talks.request(1)),
        server(
          HTTP2Talks.frame(0xc, Array("https://a".utf8)), HTTP2Talks.frame(4, flags: 1),
          HTTP2Talks.response(1)),
      ],
      gives: [ExpectedMessage(.request), ExpectedMessage(.response, code: 200)])
  }

  @Test func aTunnelIsACallToItsEnd() {
    let connect =
      HTTP2Talks.field(":method", "CONNECT") + HTTP2Talks.field(":authority", "u:p@h:443")
    expectMessages(
      HTTP2(),
      opening + [
        client(
          HTTP2Talks.headers(1, connect, goesOn: true), HTTP2Talks.data(1, [1], goesOn: true)),
        server(HTTP2Talks.response(1, goesOn: true), HTTP2Talks.data(1, [2])),
      ],
      gives: [
        ExpectedMessage(
          .request, requestType: "CONNECT", requestDomain: "h:443", requestResource: "h:443"),
        ExpectedMessage(.response, code: 200, length: 1),
      ])
  }

  @Test(
    arguments: [
      ("DATA of no stream", HTTP2Talks.frame(0, [1])),
      ("HEADERS of a stream of the server's", HTTP2Talks.request(2)),
      ("a ping of five bytes", HTTP2Talks.frame(6, [1, 2, 3, 4, 5])),
      ("fields that are none", HTTP2Talks.headers(1, [0x80], goesOn: false)),
      ("a field that was never added", HTTP2Talks.headers(1, [0x82, 0xff, 0x20], goesOn: false)),
      ("a rest of no headers", HTTP2Talks.frame(9, flags: 4, stream: 1, [0x82])),
      ("padding over the frame", HTTP2Talks.frame(0, flags: 8, stream: 1, [9, 0])),
      (
        "another frame among headers",
        HTTP2Talks.frame(1, stream: 1, [0x82]) + HTTP2Talks.data(1, [1])
      ),
      ("a frame of a type and size that nobody has", [0x20, 0, 0, 0x77, 0, 0, 0, 0, 1]),
    ] as [(String, [UInt8])])
  func whatNoPeerSendsEndsTheConversation(what: String, frames: [UInt8]) {
    let held = hold(HTTP2(), opening + [Talk(.client, bytes: frames)])
    #expect(held.error != nil, "\(what)")
    #expect(held.messages.isEmpty, "\(what)")
  }
}
