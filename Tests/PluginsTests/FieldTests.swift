// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

/// Fields that are taken out of messages by rules.
@Suite struct FieldTests {
  private func rule(
    _ half: FieldRules.Half, endpoint: String? = nil, of name: String = "HTTP",
    _ fields: [(FieldRules.Target, String)]
  ) throws -> FieldRules.Rule {
    var rule = FieldRules.Rule(protocols: [name], endpoint: endpoint, half: half)
    rule.fields = try fields.map {
      FieldRules.Field($0.0, try #require(FieldRules.Source($0.1)))
    }
    return rule
  }

  private func hooked(
    _ rules: [FieldRules.Rule], payload: Int = 4_096, on kind: any ProtocolKind = HTTP1()
  ) throws -> any ProtocolKind {
    var all = FieldRules(name: "rules")
    all.rules = rules
    var set = PluginSet()
    try set.add(all, payload: payload)
    return set.applied(to: [kind])[0]
  }

  private func post(_ body: String, path: String = "/orders/7", fields: String = "") -> Talk {
    Talk(
      .client,
      "PUT \(path) HTTP/1.1\r\nHost: h\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    )
  }

  private func answer(_ body: String) -> Talk {
    Talk(.server, "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  @Test func valuesOfJSONAndHeadersBecomeFields() throws {
    let kind = try hooked([
      try rule(
        .request,
        [
          (.attribute("order.id"), "json order.id"),
          (.attribute("item"), "json order.items.1.name"),
          (.attribute("tenant.id"), "header X-Tenant"), (.requestType, "json action"),
        ])
    ])
    expectMessages(
      kind,
      post(
        #"{"x": [1, {"order": 2}], "order": {"id": 77, "items": [{"name": "a"}, {"name": "b\"c"}]}, "#
          + #""action": "create"}"#,
        fields: "X-Tenant: acme\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "create", requestResource: "/orders/7",
          attributes: ["order.id": "77", "item": "b\\\"c", "tenant.id": "acme"])
      ])
  }

  @Test(
    arguments: [
      ("0", ResponseStatus.ok, nil), ("\"OK\"", .ok, nil), ("40301", .clientError, "40301"),
      ("\"E_FUNDS\"", .clientError, "E_FUNDS"),
    ] as [(String, ResponseStatus, String?)])
  func aCodeThatIsNoSuccessIsAnError(
    code: String, status: ResponseStatus, exception: String?
  ) throws {
    var rule = try rule(.response, [(.code, "json code")])
    rule.success = ["0", "OK"]
    let kind = try hooked([rule])
    let talks = [post("{}"), answer("{\"code\":\(code)}")]
    let messages = hold(kind, talks).messages
    #expect(messages.last?.status == status)
    #expect(messages.last?.texts["response_exception"] == exception ?? "")
    #expect(messages.last?.code == (status == .ok && code != "0" ? 200 : Int32(code) ?? 200))
  }

  @Test(arguments: [
    ("/orders/*", "/orders/7/lines", true), ("/orders/*/lines", "/orders/7/lines", true),
    ("*", "/a", true), ("/orders", "/orders/7", false), ("*7", "/orders/7", true),
    ("/o*s/*7*", "/orders/17x", true), ("", "/a", false),
  ])
  func endpointsArePatterns(pattern: String, path: String, matches: Bool) throws {
    let kind = try hooked([
      try rule(.request, endpoint: pattern, [(.attribute("a"), "json a")])
    ])
    // The endpoint is the path as it is told, with what varies left out; the pattern is asked of that.
    let endpoint = hold(HTTP1(), [post("{}", path: path)]).messages.first?.texts["endpoint"] ?? ""
    let found = hold(kind, [post(#"{"a": 1}"#, path: path)]).messages.first?.attributes ?? [:]
    if endpoint == path { #expect(found.isEmpty != matches) }
    if matches, pattern == "*" { #expect(found == ["a": "1"]) }
  }

  @Test func bytesOfABodyBecomeFields() throws {
    let kind = try hooked([
      try rule(
        .request,
        [
          (.attribute("front"), "bytes 0 4"), (.attribute("session"), "between id= &"),
          (.attribute("far"), "bytes 9000 4"), (.attribute("none"), "between key= ;"),
        ])
    ])
    let messages = hold(kind, [post("name=x&id=17&last=1")]).messages
    #expect(messages.first?.attributes == ["front": "name", "session": "17"])
  }

  @Test func fieldsOfProtobufBecomeFields() throws {
    let kind = try hooked([
      try rule(
        .request,
        [
          (.attribute("id"), "protobuf 1"), (.attribute("name"), "protobuf 2.1"),
          (.attribute("none"), "protobuf 2.9"), (.attribute("deep"), "protobuf 1.1"),
        ])
    ])
    let body = "\u{8}\u{7f}\u{12}\u{5}\u{a}\u{3}bob"
    #expect(hold(kind, [post(body)]).messages.first?.attributes == ["id": "127", "name": "bob"])
  }

  @Test func bodiesAreNotLookedAtWhereTheSettingsDoNotAllowIt() throws {
    let kind = try hooked(
      [try rule(.request, [(.attribute("a"), "json a"), (.attribute("h"), "header x-h")])],
      payload: 0)
    let messages = hold(kind, [post(#"{"a": 1}"#, fields: "X-H: v\r\n")]).messages
    #expect(messages.first?.attributes == ["h": "v"])
  }

  @Test(arguments: [
    "", "json", "json a..b", "header", "bytes 1", "bytes -1 4", "bytes 0 9999", "protobuf 0",
    "protobuf x", "between a", "regex a",
  ])
  func whatIsNoSourceIsNone(text: String) { #expect(FieldRules.Source(text) == nil) }

  @Test func damagedBodiesTrapNothing() throws {
    let kind = try hooked([
      try rule(
        .request,
        [
          (.attribute("a"), "json a.b.0.c"), (.attribute("p"), "protobuf 1.2.3"),
          (.attribute("b"), "between x y"), (.attribute("n"), "bytes 3 9"),
        ])
    ])
    neverTraps(
      kind, seed: 5, rounds: 300,
      seeds: [post(#"{"a": {"b": [{"c": "\u0041"}]}}"#), post("\u{a}\u{4}\u{12}\u{2}\u{18}\u{1}")])
    let deep = String(repeating: #"{"a":["#, count: 2_000)
    _ = hold(kind, [post(deep)])
  }
}
