// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

/// The examples of the SDK, and what `metaflow plugin new` begins with.
@Suite struct ExampleTests {
  private func kind(_ path: String) throws -> PluginProtocol {
    try #require(PluginProtocol(PluginSlot(try CompiledPlugin.plugin(path))))
  }

  // MARK: ISO 8583

  /// A message: the type, and the values of fields as they are written.
  private func message(_ type: String, _ fields: [Int: String]) -> [UInt8] {
    var bitmap = [UInt8](repeating: 0, count: 8)
    for number in fields.keys { bitmap[(number - 1) / 8] |= 0x80 >> UInt8((number - 1) % 8) }
    let values = fields.sorted { $0.key < $1.key }.flatMap { Array($0.value.utf8) }
    let body = Array(type.utf8) + bitmap + values
    return [UInt8(body.count >> 8), UInt8(body.count & 0xff)] + body
  }

  private func purchase(_ trace: String, amount: String) -> [UInt8] {
    message(
      "0200",
      [
        2: "164929123456789012", 3: "000000", 4: amount, 11: trace, 18: "5411", 32: "06123456",
        41: "TERM0001", 42: "MERCHANT0000001", 49: "978",
      ])
  }

  private func answer(_ trace: String, _ code: String) -> [UInt8] {
    message("0210", [3: "000000", 11: trace, 38: "A1B2C3", 39: code, 41: "TERM0001"])
  }

  @Test func aSwitchForCardsIsRead() throws {
    let kind = try kind("examples/iso8583/iso8583.c")
    expectMessages(
      kind,
      Talk(.client, bytes: purchase("000017", amount: "000000001250")),
      Talk(.client, bytes: purchase("000018", amount: "000000099900")),
      Talk(.server, bytes: answer("000018", "51")), Talk(.server, bytes: answer("000017", "00")),
      gives: [
        ExpectedMessage(
          .request, requestType: "0200", requestDomain: "123456", requestResource: "000000",
          endpoint: "financial", requestID: 17,
          attributes: [
            "iso8583.amount": "000000001250", "iso8583.currency": "978",
            "iso8583.merchant_type": "5411", "iso8583.terminal": "TERM0001",
            "iso8583.merchant": "MERCHANT0000001", "iso8583.issuer": "492912",
          ]),
        ExpectedMessage(.request, requestType: "0200", requestID: 18),
        ExpectedMessage(
          .response, status: .clientError, code: 51, responseException: "insufficient funds",
          requestID: 18),
        ExpectedMessage(.response, status: .ok, code: 0, responseResult: "A1B2C3", requestID: 17),
      ])
    let context = RecognitionContext(transport: .tcp, side: nil, serverPort: 8_583)
    let bytes = purchase("000001", amount: "000000000001")
    #expect(kind.recognize(bytes.span, context: context) == .yes(sentBy: .client))
    #expect(kind.recognize(answer("000001", "00").span, context: context) == .yes(sentBy: .server))
    #expect(kind.recognize(bytes.span.extracting(first: 30), context: context) == .undecided)
  }

  /// The card's number, and nothing else of it, must not be told.
  @Test func noNumberOfACardIsTold() throws {
    let held = hold(
      try kind("examples/iso8583/iso8583.c"),
      [Talk(.client, bytes: purchase("000017", amount: "000000001250"))])
    for message in held.messages {
      let told = Array(message.texts.values) + Array((message.attributes ?? [:]).values)
      #expect(told.allSatisfy { !$0.contains("4929123456789012") && !$0.contains("3456789012") })
    }
  }

  @Test func damagedMessagesOfCardsTrapNothing() throws {
    neverTraps(
      try kind("examples/iso8583/iso8583.c"), seed: 11, rounds: 100,
      seeds: [
        Talk(.client, bytes: purchase("000017", amount: "000000001250")),
        Talk(.server, bytes: answer("000017", "91")),
      ])
  }

  // MARK: Calls with a length and an envelope

  private func envelope(_ fields: [UInt8]...) -> [UInt8] {
    let body = fields.flatMap { $0 }
    return [0, 0, UInt8(body.count >> 8), UInt8(body.count & 0xff)] + body
  }

  private func text(_ field: UInt8, _ text: String) -> [UInt8] {
    [field << 3 | 2, UInt8(text.utf8.count)] + Array(text.utf8)
  }

  @Test func callsInEnvelopesAreRead() throws {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    expectMessages(
      try kind("examples/length-prefixed-rpc/length_prefixed_rpc.c"),
      Talk(
        .client, bytes: envelope([8, 7], text(2, "Orders/Create"), text(5, trace), text(15, "x"))),
      Talk(.client, bytes: envelope([8, 0x88, 1], text(2, "Orders/Cancel"))),
      Talk(.server, bytes: envelope([8, 0x88, 1], [24, 5], text(4, "no such order"))),
      Talk(.server, bytes: envelope([8, 7], [24, 0], text(15, "yyyy"))),
      gives: [
        ExpectedMessage(
          .request, requestType: "Create", requestDomain: "Orders", endpoint: "Orders/Create",
          traceID: trace, requestID: 7),
        ExpectedMessage(.request, endpoint: "Orders/Cancel", requestID: 136),
        ExpectedMessage(
          .response, status: .serverError, code: 5, responseException: "no such order",
          requestID: 136),
        ExpectedMessage(.response, status: .ok, code: 0, requestID: 7),
      ])
  }

  // MARK: Errors in bodies

  private func hooked(_ path: String, _ change: (String) -> String = { $0 }) throws
    -> any ProtocolKind
  {
    var set = PluginSet()
    try set.add(try CompiledPlugin.plugin(path, change), payload: 16_384)
    return set.applied(to: [HTTP1()])[0]
  }

  private func json(_ body: String, type: String = "application/json") -> Talk {
    Talk(
      .server,
      "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        + body)
  }

  @Test func anAnswerThatSaysWellAndMeansAnErrorIsOne() throws {
    let get = Talk(.client, "GET /pay HTTP/1.1\r\nHost: h\r\nX-Tenant-Id: acme\r\n\r\n")
    expectMessages(
      try hooked("examples/business-errors/business_errors.c"),
      get, json(#"{"code": 0, "data": {"code": 9}}"#),
      get, json(#"{"data": {"code": 9}, "message": "no \"funds\"", "code" : 40301}"#),
      get, json(#"{"code":50001,"message":"ledger is down"}"#),
      get, json(#"{"code":50001}"#, type: "text/plain"),
      gives: [
        ExpectedMessage(.request, attributes: ["tenant.id": "acme"]),
        ExpectedMessage(.response, status: .ok, code: 200),
        ExpectedMessage(.request),
        ExpectedMessage(.response, status: .clientError, code: 40_301),
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: .serverError, code: 50_001, responseException: "ledger is down"),
        ExpectedMessage(.request),
        ExpectedMessage(.response, status: .ok, code: 200),
      ])
  }

  // MARK: Templates

  @Test func newPluginsInSwiftWork() throws {
    let bytes = try CompiledPlugin.swiftTemplate(named: "orders")
    try expectLines(try Plugin(bytes, try SandboxEngine(.repeatable)))
  }

  @Test func newPluginsWork() throws {
    let named = { (text: String) in text.replacing("NAME", with: "orders") }
    try expectLines(try CompiledPlugin.plugin("templates/protocol.c", named))
    expectMessages(
      try hooked("templates/hook.c", named),
      Talk(.client, "GET / HTTP/1.1\r\nHost: h\r\nx-tenant-id:  acme \r\n\r\n"),
      gives: [ExpectedMessage(.request, attributes: ["tenant.id": "acme"])])
  }

  private func expectLines(_ plugin: Plugin) throws {
    #expect(plugin.manifest.name == "orders")
    expectMessages(
      try #require(PluginProtocol(PluginSlot(plugin))),
      Talk(.client, "PUT a 1\r\nGET b\n"), Talk(.server, "+OK\r\n-no such key\n"),
      gives: [
        ExpectedMessage(.request, requestType: "PUT", requestResource: "PUT a 1", endpoint: "PUT"),
        ExpectedMessage(.request, requestType: "GET"),
        ExpectedMessage(.response, status: .ok),
        ExpectedMessage(.response, status: .serverError, responseException: "no such key"),
      ])
  }
}
