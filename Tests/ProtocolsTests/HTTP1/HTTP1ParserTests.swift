// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct HTTP1ParserTests {
  @Test func aRequestAndItsResponse() {
    expectMessages(
      HTTP1Parser.self,
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
          requestResource: "/api/users/7?full=1", endpoint: "/api/users",
          requestXRequestID: "abc-1", proxyClient: "10.1.2.3", userAgent: "curl/8.5.0",
          referer: "http://shop.example/", flags: []),
        ExpectedMessage(
          .response, version: "1.1", status: .ok, code: 200, responseException: "",
          responseXRequestID: "abc-2", length: 5),
      ])
  }
}
