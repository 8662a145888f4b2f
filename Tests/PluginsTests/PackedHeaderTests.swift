// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

/// Header fields of HTTP/2 and gRPC, which are packed, as hooks are told of them.
@Suite struct PackedHeaderTests {
  private func request(_ stream: UInt32, _ path: String, _ fields: [(String, String)]) -> Talk {
    Talk(.client, bytes: HTTP2Talks.request(stream, "POST", path, fields))
  }

  private func hooked(
    _ protocols: [String], _ fields: [(FieldRules.Target, String)]
  ) throws -> any ProtocolKind {
    var rule = FieldRules.Rule(protocols: protocols, half: .request)
    rule.fields = try fields.map {
      FieldRules.Field($0.0, try #require(FieldRules.Source($0.1)))
    }
    var rules = FieldRules(name: "packed")
    rules.rules = [rule]
    var set = PluginSet()
    try set.add(rules, payload: 0)
    return set.applied(to: [HTTP2()])[0]
  }

  @Test func theyAreFoundByTheirNames() throws {
    let kind = try hooked(
      ["HTTP2"],
      [
        (.attribute("tenant"), "header x-tenant"), (.attribute("agent"), "header user-agent"),
        (.attribute("none"), "header x-none"),
      ])
    let talks = [
      HTTP2Talks.opening, HTTP2Talks.welcome,
      request(1, "/a", [("x-tenant", "acme"), ("user-agent", "curl/8")]),
      request(3, "/b", [("x-other", "acme")]),
    ]
    let messages = hold(kind, talks).messages
    #expect(messages.map(\.attributes) == [["tenant": "acme", "agent": "curl/8"], [:]])
    #expect(messages.map { $0.texts["request_resource"] } == ["/a", "/b"])
  }

  @Test func aModuleIsToldOfThem() throws {
    let text = PluginText.hook(
      """
      (call $put (i32.const 256) (call $get (i32.const 600)))
      (call $put (i32.const 260) (call $get (i32.const 604)))
      (i32.const 1)
      """, protocols: "HTTP2", more: "headers: x-tenant")
    var set = PluginSet()
    try set.add(try text.plugin(), payload: 0)
    let messages = hold(
      set.applied(to: [HTTP2()])[0],
      [HTTP2Talks.opening, HTTP2Talks.welcome, request(1, "/a", [("x-tenant", "acme")])]
    ).messages
    #expect(messages.first?.texts["endpoint"] == "acme")
  }

  @Test func conversationsThatNobodyHooksOnAreAsTheyWere() throws {
    let talks = [
      HTTP2Talks.opening, HTTP2Talks.welcome, request(1, "/a", [("x-tenant", "acme")]),
    ]
    let kind = try hooked(["HTTP2"], [(.attribute("none"), "header x-none")])
    #expect(hold(kind, talks).messages == hold(HTTP2(), talks).messages)
  }
}
