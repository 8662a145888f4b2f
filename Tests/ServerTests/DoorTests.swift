// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import HTTPTypes
import Hummingbird
import Testing

@testable import Server

/// Who may ask, by what the request says of itself.
@Suite struct DoorTests {
  private let door = Door(
    listening: NetworkAddress(host: "127.0.0.1", port: 20_416), allowedHosts: ["MetaFlow.Example."])

  private func status(
    host: String?, _ fields: [String: String] = [:], method: HTTPRequest.Method = .post
  ) -> Int {
    var head = HTTPRequest(method: method, scheme: "http", authority: host, path: "/v1/query/")
    for (name, value) in fields { head.headerFields[HTTPField.Name(name)!] = value }
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    return door.refusal(request)?.status.code ?? 200
  }

  @Test(arguments: [
    "127.0.0.1", "127.0.0.1:20416", "127.0.0.1:8080", "127.9.8.7", "localhost", "localhost.",
    "LOCALHOST:1", "localhost:", "[::1]", "[::1]:20416", "[0:0:0:0:0:0:0:1]:20416",
    "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]:80", "metaflow.example", "METAFLOW.example.:443",
  ])
  func namesOfThisServerAreServed(host: String) {
    #expect(status(host: host) == 200)
  }

  @Test(arguments: [
    "evil.example", "evil.example:20416", "localhost.evil.example", "127.0.0.1.evil.example",
    "127.0.0.1.nip.io", "metaflow.example.evil.example", "notlocalhost", "sub.localhost",
    "0.0.0.0", "0.0.0.0:20416", "[::]", "10.0.0.1", "192.168.1.5:20416", "[fe80::1]", "[::2]",
    "[::ffff:10.0.0.1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "::1", "[::1",
    "[::1]evil", "[::1%25lo]", "[localhost]", "user@localhost", "localhost@evil.example",
    "localhost/evil", "localhost:80:80", "localhost:99999", "localhost:-1", "localhost:8o",
    "local host", "localhost..", ".localhost", "loc\u{0430}lhost", ":20416", ".",
  ])
  func namesOfOthersAreRefused(host: String) {
    #expect(status(host: host) == 403)
  }

  @Test func aRequestNeedsItsHost() {
    #expect(status(host: nil) == 400)
    #expect(status(host: "") == 400)
    // The first one is the authority; another one stands among the fields.
    #expect(status(host: "localhost", ["Host": "localhost"]) == 400)
  }

  @Test(arguments: [
    "http://localhost:20416", "HTTP://LocalHost:20416", "http://localhost.:20416",
    "http://metaflow.example", "https://metaflow.example:8443",
  ])
  func pagesOfThisServerAreServed(origin: String) {
    #expect(status(host: "localhost:20416", ["Origin": origin]) == 200)
  }

  /// Another port of this host is another server, and `null` is anybody.
  @Test(arguments: [
    "http://evil.example", "http://localhost", "http://localhost:3000", "https://localhost:20417",
    "http://127.0.0.1:20416", "null", "", "file://", "http://", "localhost:20416",
    "chrome-extension://abc", "http://localhost:20416/", "http://localhost:20416, http://a.example",
    "http://evil.example:20416", "http://localhost:20416@evil.example",
    "http://metaflow.example.evil.example",
  ])
  func pagesOfOthersAreRefused(origin: String) {
    #expect(status(host: "localhost:20416", ["Origin": origin]) == 403)
    #expect(status(host: "localhost:20416", ["Origin": origin], method: .get) == 403)
  }

  @Test func anOriginWithoutAPortHasItsSchemes() {
    #expect(status(host: "localhost", ["Origin": "http://localhost:80"]) == 200)
    #expect(status(host: "localhost:80", ["Origin": "http://localhost"]) == 200)
    #expect(status(host: "localhost", ["Origin": "https://localhost"]) == 200)
    #expect(status(host: "localhost:443", ["Origin": "http://localhost"]) == 403)
  }

  /// A picture, a frame or a form without `Origin` is told by what browsers say of it; a link is not
  /// kept from being followed.
  @Test func whatBrowsersSayOfARequestCounts() {
    for site in ["cross-site", "same-site", "anything"] {
      #expect(status(host: "localhost", ["Sec-Fetch-Site": site]) == 403)
      #expect(status(host: "localhost", ["Sec-Fetch-Site": site], method: .get) == 403)
      let link = [
        "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
      ]
      #expect(status(host: "localhost", link, method: .get) == 200)
      #expect(status(host: "localhost", link) == 403)
      let frame = link.merging(["Sec-Fetch-Dest": "iframe"]) { $1 }
      #expect(status(host: "localhost", frame, method: .get) == 403)
    }
    for site in ["same-origin", "none"] {
      #expect(status(host: "localhost", ["Sec-Fetch-Site": site]) == 200)
    }
  }

  @Test func aRefusalSaysHowToAllowTheName() throws {
    let head = HTTPRequest(
      method: .get, scheme: "http", authority: "Box.Example:20416", path: "/metrics")
    let refusal = door.refusal(Request(head: head, body: RequestBody(buffer: ByteBuffer())))
    let text = try #require(refusal?.message)
    #expect(text.contains("allowed_hosts") && text.contains("--allowed-host box.example"))
  }

  @Test(arguments: ["http://a.example", "a.example:80", "a/b", "", "a b", "*", "*.example"])
  func allowedHostsAreNames(host: String) {
    #expect(throws: ConfigurationError.self) {
      try ServerConfiguration.checkName(host, of: "--allowed-host")
    }
  }
}
