// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct HTTP1RecognitionTests {
  @Test(
    arguments: [
      "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "LINK",
      "UNLINK", "COPY", "MOVE", "LOCK", "UNLOCK", "MKCOL", "PROPFIND", "PROPPATCH", "REPORT",
      "SEARCH", "PURGE", "QUERY", "WRAPPED", "EXTENSION-METHOD", "NOTIFY", "FOO", "get",
      "M-SEARCH", "X!#$%&'*+-.^_`|~0",
    ])
  func aRequestLineIsTheClients(method: String) {
    let line = Array("\(method) /index HTTP/1.1\r\n".utf8)
    #expect(recognize(line) == .yes(sentBy: .client))
    for count in 0..<(line.count - 2) {
      #expect(recognize(Array(line[..<count])) == .undecided, "\(count) bytes")
    }
  }

  @Test func aStatusLineIsTheServers() {
    #expect(recognize("HTTP/1.0 404 Not Found\r\n") == .yes(sentBy: .server))
    #expect(recognize("HTTP/1.1 200\r\n") == .yes(sentBy: .server))
    #expect(recognize("HTTP/1.1 20") == .undecided)
  }

  @Test(
    arguments: [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OPTIONS sip:a@b SIP/2.0\r\n", "GET\r\n",
      "OPTIONS rtsp://h/ RTSP/1.0\r\n", "GET /aHTTP/1.1\r\n", "GET HTTP/1.1\r\n",
      "HTTP/2 200 \r\n", "HTTP/1.1 2x0 \r\n", "HTTP/1.1 2000\r\n", "*1\r\n$4\r\nPING\r\n",
      "SSH-2.0-x\r\n", "GET key\r\n", "GET /\u{1}", "1ST / HTTP/1.1\r\n", "EHLO h\r\n",
      "-ERR a / HTTP/1.1\r\n", "PROXY TCP4 a b 1 2\r\nEHLO h\r\n",
    ])
  func othersAreRefused(text: String) {
    #expect(recognize(text) == .no)
  }

  @Test(
    arguments: [
      "GET  / HTTP/1.1\r\n", "GET /a b HTTP/1.1\r\n", "GET / http/1.0 \r\n",
      "\r\n\n\r\nGET / HTTP/1.1\n",
      "PROXY TCP4 10.1.2.3 10.0.0.1 4711 80\r\nGET / HTTP/1.1\r\n", "GET / HTTP/0.9\r\n",
    ])
  func aTolerableLineIsTheClients(line: String) {
    #expect(recognize(line) == .yes(sentBy: .client))
    for count in 0..<line.utf8.count {
      #expect(recognize(Array(line.utf8.prefix(count))) == .undecided, "\(count) bytes")
    }
  }

  /// A target may be longer than what is captured of a call.
  @Test func aLongTargetAtTheEndOfTheCaptureIsOne() {
    let bytes = Array("GET /search?q=\(String(repeating: "x", count: 200))".utf8)
    #expect(recognize(bytes) == .undecided)
    #expect(recognize(bytes, isTruncated: true) == .yes(sentBy: .client))
  }

  private func recognize(_ text: String) -> Recognition { recognize(Array(text.utf8)) }

  private func recognize(_ bytes: [UInt8], isTruncated: Bool = false) -> Recognition {
    HTTP1().recognize(
      bytes.span,
      context: RecognitionContext(
        transport: .tcp, side: nil, serverPort: 80, isTruncated: isTruncated))
  }
}
