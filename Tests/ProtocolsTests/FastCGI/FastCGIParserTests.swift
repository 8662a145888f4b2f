// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What nginx 1.22 sends to PHP-FPM 8.2, and what that answers.
@Suite struct FastCGIParserTests {
  private typealias T = FastCGITalks

  private static let parameters: KeyValuePairs = [
    "SCRIPT_FILENAME": "/var/www/index.php", "QUERY_STRING": "id=5", "REQUEST_METHOD": "POST",
    "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "3", "SCRIPT_NAME": "/index.php",
    "REQUEST_URI": "/shop/items/42?id=5", "DOCUMENT_URI": "/index.php",
    "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "_", "HTTP_HOST": "shop.example",
    "HTTP_USER_AGENT": "curl/8", "HTTP_X_FORWARDED_FOR": "10.1.2.3",
    "HTTP_X_REQUEST_ID": "req-1", "HTTP_COOKIE": "sid=1",
    "HTTP_TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  ]

  private static let asked = ExpectedMessage(
    .request, version: "HTTP/1.1", requestType: "POST", requestDomain: "shop.example",
    requestResource: "/shop/items/42?id=?", endpoint: "/shop/items/{id}",
    traceID: "0af7651916cd43dd8448eb211c80319c", spanID: "b7ad6b7169203331",
    requestXRequestID: "req-1", proxyClient: "10.1.2.3", userAgent: "curl/8", requestID: 1,
    length: 3, flags: CallRecord.Flags(rawValue: 0),
    attributes: ["fastcgi.script": "/var/www/index.php"])

  @Test(arguments: [7, 100, 60_000]) func aRequestAndItsAnswer(size: Int) {
    let talks = [
      T.request(Self.parameters, every: size, body: [1, 2, 3]),
      T.response("Content-type: text/html\r\n\r\nhello", more: [1, 2, 3]),
    ]
    let held = hold(FastCGI(), talks)
    #expect(held.violations == [] && held.error == nil)
    #expect(Self.asked.differences(from: held.messages[0]) == [])
    #expect(held.messages.map(\.kind) == [.request, .response])
    #expect(held.messages[1].status == .ok && held.messages[1].code == 200)
  }

  @Test func everyCutGivesTheSame() {
    let few: KeyValuePairs = [
      "REQUEST_METHOD": "GET", "REQUEST_URI": "/", "HTTP_HOST": "a",
      "X": String(repeating: "a", count: 130),
    ]
    expectMessages(
      FastCGI(), T.request(few), T.response("Status: 404 Not Found\r\nA: b\r\n\r\n"),
      T.request(id: 2, few), Talk(.server, bytes: T.end(id: 2, 2)),
      gives: [
        ExpectedMessage(.request, requestType: "GET", requestResource: "/", endpoint: "/"),
        ExpectedMessage(.response, status: .clientError, code: 404, requestID: 1),
        ExpectedMessage(.request, requestID: 2),
        ExpectedMessage(.response, status: .serverError, responseException: "OVERLOADED"),
      ])
  }

  @Test(
    arguments: [
      ("Status: 500 Internal Server Error\r\n\r\n", 500, .serverError),
      ("X-A: b\r\nstatus:403\r\n\r\n", 403, .clientError), ("Location: /a\r\n\r\n", 302, .ok),
      ("Content-type: a\n\nStatus: 500\n", 200, .ok), ("Status: abc\r\n\r\n", 200, .ok),
    ] as [(String, Int32, ResponseStatus)])
  func statuses(output: String, code: Int32, status: ResponseStatus) {
    let few: KeyValuePairs = ["REQUEST_METHOD": "GET", "REQUEST_URI": "/"]
    let held = hold(FastCGI(), [T.request(few), T.response(output)])
    #expect(held.messages.last?.code == code)
    #expect(held.messages.last?.status == status)
  }

  /// Two requests at once, answered in pieces.
  @Test func requestsBesideOneAnother() {
    let few: KeyValuePairs = ["REQUEST_METHOD": "GET", "REQUEST_URI": "/"]
    let head = Array("A: b\r\n\r\n".utf8)
    let answers =
      T.record(6, id: 2, head) + T.record(7, id: 1, Array("oops".utf8)) + T.record(6, id: 1, head)
      + T.record(6, id: 2, [1]) + T.end(id: 2, 0) + T.end(id: 1, 0, application: 3)
    let held = hold(
      FastCGI(), [T.request(id: 1, few), T.request(id: 2, few), Talk(.server, bytes: answers)])
    #expect(held.violations == [])
    #expect(held.messages.map(\.requestID) == [1, 2, 2, 1])
    #expect(held.messages.map(\.code) == [nil, nil, 200, 200])
  }

  private static func recognize(_ bytes: [UInt8]) -> Recognition {
    FastCGI().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 40_000))
  }

  @Test func eitherSideIsSeenAtItsHead() {
    let request = T.request(["A": "b"]).bytes
    #expect(Self.recognize(request) == .yes(sentBy: .client))
    #expect(Self.recognize(T.response("A: b\r\n\r\n").bytes) == .yes(sentBy: .server))
    #expect(Self.recognize(T.end(0)) == .yes(sentBy: .server))
    for count in 1..<16 { #expect(Self.recognize(Array(request.prefix(count))) == .undecided) }
    for (place, value) in [
      (0, 2), (1, 4), (3, 0), (5, 9), (7, 1), (8, 1), (9, 0), (9, 4), (10, 2), (12, 1),
    ] as [(Int, UInt8)] {
      var bytes = request
      bytes[place] = value
      #expect(Self.recognize(bytes) == .no, "\(place)")
    }
    #expect(Self.recognize(T.record(6, [1, 2, 3, 4, 5])) == .no)
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      FastCGI(), seed: seed, rounds: 300,
      seeds: [T.request(["REQUEST_URI": "/a"]), T.response("Status: 404\r\n\r\n")])
  }
}
