// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct HookTests {
  private func hooked(_ text: PluginText, payload: Int = 0) throws -> any ProtocolKind {
    var set = PluginSet()
    try set.add(try text.plugin(), payload: payload)
    return set.applied(to: [HTTP1()])[0]
  }

  private static let talks = [
    Talk(.client, "GET /orders/7 HTTP/1.1\r\nHost: shop\r\nX-Tenant: acme\r\n\r\n"),
    Talk(
      .server,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n"
        + "{\"code\": 7, \"m\": \"gone\"}\n"),
  ]

  @Test func oneThatDoesNothingChangesNothing() throws {
    for answer in [0, 1] {
      let kind = try hooked(.hook("(i32.const \(answer))"), payload: 4_096)
      #expect(hold(kind, Self.talks).messages == hold(HTTP1(), Self.talks).messages)
    }
  }

  @Test func itIsToldTheHeaderFieldsThatItNames() throws {
    // The first header's value becomes the endpoint.
    let kind = try hooked(
      .hook(
        """
        (call $put (i32.const 256) (call $get (i32.const 600)))
        (call $put (i32.const 260) (call $get (i32.const 604)))
        (i32.const 1)
        """, more: "headers: x-tenant"))
    let messages = hold(kind, Self.talks).messages
    #expect(messages.first?.texts["endpoint"] == "acme")
    #expect(messages.first?.texts["request_resource"] == "/orders/7")
  }

  @Test(arguments: [(0, 0), (4_096, 8)])
  func itSeesAsMuchOfAMessageAsTheSettingsAllow(allowed: Int, seen: Int) throws {
    // What it sees of the message, as a code.
    let text = PluginText.hook(
      """
      (call $put (i32.const 192) (call $get (i32.const 16)))
      (call $put (i32.const 196) (i32.const 4))
      (i32.const 1)
      """, more: "payload: 8")
    let messages = hold(try hooked(text, payload: allowed), Self.talks).messages
    #expect(messages.last?.code == Int32(seen))
  }

  @Test func itMakesAnErrorOfWhatAnAnswerSays() throws {
    let text = PluginText.hook(
      """
      (if (i32.eq (i32.load8_u (i32.const \(PluginText.desk + 31))) (i32.const 1)) (then
        (call $put (i32.const 200) (i32.const 4))
        (call $put (i32.const 192) (i32.const 40301))
        (call $put (i32.const 196) (i32.const 36))))
      (i32.const 1)
      """)
    expectMessages(
      try hooked(text), Self.talks,
      gives: [
        ExpectedMessage(.request, requestResource: "/orders/7"),
        ExpectedMessage(.response, status: .clientError, code: 40_301),
      ])
  }

  @Test func aBodyIsWaitedForWhereItIsSeen() throws {
    // Tells a byte of the answer's body, which begins 71 bytes from the front, as a code.
    let text = PluginText.hook(
      """
      (if (i32.eq (i32.load8_u (i32.const \(PluginText.desk + 31))) (i32.const 1)) (then
        (call $put (i32.const 192) (call $payload (i32.const 76)))
        (call $put (i32.const 196) (i32.const 4))))
      (i32.const 1)
      """, more: "payload: 200")
    let kind = try hooked(text, payload: 4_096)
    let whole = hold(kind, Self.talks).messages
    let single = hold(
      kind, Self.talks.flatMap { talk in talk.bytes.map { Talk(talk.side, bytes: [$0]) } }
    ).messages
    #expect(whole == single)
    #expect(whole.last?.code == Int32(UInt8(ascii: "e")))
  }

  @Test func aHookOnWhatNobodyReadsIsRefused() throws {
    let plugin = try PluginText.hook("(i32.const 0)", protocols: "HTTP Gopher").plugin()
    var set = PluginSet()
    #expect {
      try set.add(plugin, payload: 0)
    } throws: {
      "\($0)".hasPrefix("it looks at messages of 'Gopher'; the protocols are HTTP, ")
    }
  }

  @Test func twoOfOneNameAreRefused() throws {
    var set = PluginSet()
    try set.add(try PluginText.hook("(i32.const 0)").plugin(), payload: 0)
    #expect(throws: PluginError("another plugin is called hook")) {
      try set.add(try PluginText.hook("(i32.const 1)").plugin(), payload: 0)
    }
  }

  @Test func whatItLogsIsKeptAndBounded() throws {
    var text = PluginText.hook("(call $log (i32.const 8192) (i32.const 100)) (i32.const 0)")
    text.body += "(data (i32.const 8192) \"hello\\0athere\")"
    let slot = PluginSlot(try text.plugin())
    var set = PluginSet()
    try set.add(slot.plugin, payload: 0)
    let kind = set.applied(to: [HTTP1()])[0]
    _ = hold(kind, [Talk(.client, "GET / HTTP/1.1\r\n\r\n")])
    #expect(slot.takeLog().prefix(1) == ["hello"])
    #expect(slot.takeLog() == [])
    let many = String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 200)
    _ = hold(kind, [Talk(.client, many)])
    #expect(slot.takeLog().map(\.utf8.count).reduce(0, +) <= 4_096)
  }
}
