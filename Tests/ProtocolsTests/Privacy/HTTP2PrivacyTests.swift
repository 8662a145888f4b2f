// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// A secret in a field or a body is in no text; see ``SecretPropertyTests``.
@Suite struct HTTP2PrivacyTests {
  private static let mark = SecretPropertyTests.mark

  @Test(
    arguments: [
      (":path", "/a?token=~"), (":path", "/a?x=1&y=~&z=2"), (":path", "/a;jsessionid=~?b"),
      (":path", "/a?b=1#token=~"), (":path", "/token/~/x"), (":path", "http://ann:~@h/a"),
      (":path", "/a?u=http://x:~@h/"), (":authority", "ann:~@h"), ("authorization", "Bearer ~"),
      ("cookie", "sid=~"), ("x-api-key", "~"), ("referer", "https://ann:~@h/a?token=~#~"),
      ("user-agent", "a token=~ Bearer ~"), ("x-request-id", "key=~"), ("host", "ann:~@h"),
      ("x-forwarded-for", "token=~"),
    ])
  func requests(name: String, value: String) {
    let value = value.replacing("~", with: Self.mark)
    for isAdded in [false, true] {
      let block =
        [0x82, 0x86] + HTTP2Talks.field(name, value, isAdded: isAdded)
        + HTTP2Talks.field("accept", "*/*")
      let frames = HTTP2Talks.headers(1, block, goesOn: false)
      SecretPropertyTests().search(
        HTTP2(), [HTTP2Talks.opening, Talk(.client, bytes: frames)])
    }
  }

  @Test func responsesAndBodies() {
    let secret = Array(Self.mark.utf8)
    let answer = HTTP2Talks.response(
      1, 500, [("set-cookie", Self.mark), ("location", "/a?t=\(Self.mark)")], goesOn: true)
    SecretPropertyTests().search(
      HTTP2(),
      [
        HTTP2Talks.opening, HTTP2Talks.welcome,
        Talk(
          .client,
          bytes: HTTP2Talks.request(1, "POST", "/a", goesOn: true) + HTTP2Talks.data(1, secret)),
        Talk(
          .server,
          bytes: answer + HTTP2Talks.data(1, secret, goesOn: true)
            + HTTP2Talks.trailers(1, [("x", Self.mark)])),
      ])
  }

  /// Whatever is longer than what is looked at does not end in the middle of a secret.
  @Test func valuesOfAnyLengthAreCutBeforeTheyShowOne() {
    let long = String(repeating: "u", count: 4_090)
    for name in [":authority", "user-agent", "x-request-id", "referer"] {
      var driver = ParserDriver(HTTP2())
      let block =
        [0x82, 0x86] + HTTP2Talks.field(name, "\(long):\(Self.mark)@h", isAdded: true)
      driver.feed(
        HTTP2Talks.opening.bytes + HTTP2Talks.headers(1, block, goesOn: false), from: .client)
      #expect(driver.messages.count == 1)
      #expect(!driver.messages[0].texts.values.contains { $0.contains("Zq9") }, "\(name)")
    }
  }
}
