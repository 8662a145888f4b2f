// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct HTTP1ParserTests {
  /// An existential keeps three words in line; a larger state is an allocation for each conversation.
  @Test func itsStateNeedsNoAllocation() {
    #expect(MemoryLayout<HTTP1Parser>.size <= 3 * MemoryLayout<Int>.size)
  }

  @Test func aRequestAndItsResponse() {
    expectMessages(
      HTTP1(),
      Talk(
        .client,
        """
        GET /api/users/7?full=1 HTTP/1.1\r
        Host: shop.example:8080\r
        User-Agent: curl/8.5.0\r
        Referer: http://shop.example/\r
        X-Forwarded-For: 10.1.2.3, 10.0.0.1\r
        X-Request-ID: abc-1\r
        \r

        """),
      Talk(.server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx_request_id: abc-2\r\n\r\nhello"),
      gives: [
        ExpectedMessage(
          .request, version: "1.1", requestType: "GET", requestDomain: "shop.example:8080",
          requestResource: "/api/users/7?full=?", endpoint: "/api/users/{id}",
          requestXRequestID: "abc-1", proxyClient: "10.1.2.3, 10.0.0.1", userAgent: "curl/8.5.0",
          referer: "http://shop.example/", flags: []),
        ExpectedMessage(
          .response, version: "1.1", status: .ok, code: 200, responseException: "",
          responseXRequestID: "abc-2", length: 5),
      ])
  }

  @Test(
    arguments: [
      ("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a/b", "/a/b"), ("/a/b/c", "/a/b/c"),
      ("/a/b?c=/d", "/a/b"), ("/a?b/c", "/a"), ("/?q=1", "/"), ("//a/./b/c", "/a/b/c"),
      ("/./", "/"), ("/.", "/"), ("/a//b", "/a/b"), ("/a/.", "/a"), ("/a/b#c", "/a/b"), ("*", "*"),
      ("/a/?b", "/a"), ("///", "/"),
    ])
  func theEndpointIsThePath(target: String, endpoint: String) {
    expectMessages(
      HTTP1(), Talk(.client, "OPTIONS \(target) HTTP/1.1\r\n\r\n"),
      gives: [ExpectedMessage(.request, endpoint: endpoint)])
  }

  /// As proxies are asked, RFC 9112 section 3.2.2.
  @Test(arguments: ["", "ann@", "ann:secret@"]) func anAbsoluteTargetIsTakenApart(user: String) {
    expectMessages(
      HTTP1(),
      Talk(.client, "GET http://\(user)h.example:81/a/b/c?d HTTP/1.1\r\n\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestDomain: "h.example:81", requestResource: "/a/b/c?d", endpoint: "/a/b/c")
      ])
  }

  /// Names are compared without case, `_` is `-`, white space around values is not theirs, a bare
  /// line feed ends a line, a continued line is no header.
  @Test func headersAreReadWithTolerance() {
    expectMessages(
      HTTP1(),
      Talk(
        .client,
        "GET / HTTP/1.1\nhOsT:h\nUser_Agent: \t a b \t\r\n host: x\r\nHost: y\nX-Request-Id:\nNo colon\n\n"
      ),
      gives: [
        ExpectedMessage(
          .request, requestDomain: "h", requestXRequestID: "", userAgent: "a b")
      ])
  }

  /// What was found before the capture ended is kept, but no value that may be cut.
  @Test func aCutHeadKeepsWhatWasFound() {
    var driver = ParserDriver(HTTP1())
    let head = "GET /a/b/c HTTP/1.1\r\nHost: h\r\nUser-Agent: curl/8."
    driver.feed(Array(head.utf8), from: .client, isFinal: true)
    let expected = ExpectedMessage(
      .request, requestType: "GET", requestDomain: "h", endpoint: "/a/b/c", userAgent: "",
      flags: .truncated)
    #expect(driver.messages.count == 1)
    #expect(driver.messages.first.map(expected.differences(from:)) == [])
  }

  @Test func aHeadThatNeverEndsIsCutAtItsLimit() {
    var driver = ParserDriver(HTTP1())
    driver.feed(Array("GET /a HTTP/1.1\r\nCookie: ".utf8), from: .client)
    while driver.messages.isEmpty, driver.unreadCount < HTTP1Parser.headLimit {
      driver.feed(Array(repeating: 0x61, count: 1_024), from: .client)
    }
    #expect(driver.messages.map(\.flags) == [.truncated])
    #expect(driver.unreadCount == 0)
  }

  /// Texts are cut, never grown.
  @Test func aLongTargetIsCutToTheTextLimit() {
    let path = "/" + String(repeating: "p", count: 3_000)
    let limit = FieldBuffer.textLimit
    let driver = hold(HTTP1(), [Talk(.client, "GET \(path) HTTP/1.1\r\n\r\n")])
    #expect(driver.messages.first?.texts["request_resource"]?.count == limit)
    #expect(driver.messages.first?.texts["endpoint"]?.count == limit)
    #expect(driver.violations == [])
  }

  @Test(
    arguments: [
      (200, ResponseStatus.ok), (302, .ok), (399, .ok), (400, .clientError), (499, .clientError),
      (500, .serverError), (599, .serverError),
    ] as [(Int32, ResponseStatus)])
  func theCodeTellsWhoIsToBlame(code: Int32, status: ResponseStatus) {
    expectMessages(
      HTTP1(), Talk(.server, "HTTP/1.1 \(code) Why\r\nContent-Length: 0\r\n\r\n"),
      gives: [
        ExpectedMessage(
          .response, status: status, code: code, responseException: status.isError ? "Why" : "")
      ])
  }

  @Test func aResponseThatIsNotHTTPIsRefused() throws {
    var driver = ParserDriver(HTTP1())
    driver.feed(Array("HTTP/1.1 204 None\r\n\r\nnot http\r\n".utf8), from: .server)
    #expect(driver.messages.count == 1)
    #expect(driver.error == ParseError(at: 0, expected: "HTTP/1.x"))
  }

  /// As far as it can be read: the server will answer it.
  @Test(
    arguments: [
      ("not http\r\n", "not", ""), ("PASS s3cret\r\n", "PASS", ""),
      ("s3cret\r\n", "", ""), ("GET /a?token=s3cret\r\n", "GET", "/a?token=?"),
      ("GET /a\r\n", "GET", "/a"), ("HELO\r\n", "HELO", ""),
      ("get /a b HTTP /1.1\r\nHost: h\r\n\r\n", "get", "/a b HTTP /1.1"),
      ("\u{16}\u{3}\u{1}", "", ""), ("FOO\u{0}", "", ""),
      ("FOO /a\u{1}b HTTP/1.1\r\n", "FOO", "/a"),
    ])
  func whatIsNoRequestIsOneThatNeedsAnAnswer(text: String, method: String, target: String) {
    expectMessages(
      HTTP1(), Talk(.client, "GET / HTTP/1.1\r\n\r\n\(text)"),
      gives: [
        ExpectedMessage(.request, requestType: "GET", requestResource: "/"),
        ExpectedMessage(.request, requestType: method, requestResource: target),
      ])
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func noBytesMakeItTrap(seed: UInt64) {
    neverTraps(
      HTTP1(), seed: seed, rounds: 2_000,
      seeds: [
        Talk(.client, "GET /a/b?c HTTP/1.1\r\nHost: h\r\nsw8: 1-YQ==-YQ==-1-x\r\n\r\n"),
        Talk(.client, "POST http://h/a HTTP/1.1\r\nContent-Length: 3\r\nb3: 1-2\r\n\r\nabc"),
        Talk(.client, "HEAD / HTTP/1.1\r\n\r\n"), Talk(.client, "CONNECT h:1 HTTP/1.1\r\n\r\n"),
        Talk(.server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        Talk(.server, "HTTP/1.1 404 Not Found\r\nContent-Length: 99999999999999999999\r\n\r\n"),
      ])
  }
}
