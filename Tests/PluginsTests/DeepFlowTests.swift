// SPDX-License-Identifier: Apache-2.0

import Foundation
import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

/// Modules that were made for DeepFlow's agent, by its published interface.
@Suite struct DeepFlowTests {
  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    let key = UInt64(number) << 3 | 2
    let head: [UInt8] = key < 128 ? [UInt8(key)] : [UInt8(key & 127) | 128, UInt8(key >> 7)]
    return head + [UInt8(bytes.count)] + bytes
  }

  private func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  private func record(_ message: [UInt8]) -> [UInt8] {
    [0, UInt8(message.count + 2)] + Array("PB".utf8) + message
  }

  private var request: [UInt8] {
    record(
      [24, 7] + field(10, field(2, "PAY") + field(3, "shop") + field(5, "Pay"))
        + field(12, field(1, "abc") + field(4, "x-1")) + field(31, field(1, "k") + field(2, "v")))
  }

  private var answer: [UInt8] {
    record([24, 7] + field(11, [8, 3, 16, 0xf4, 3] + field(3, "oops")))
  }

  /// A module with both records; `hooks` are the first and the last byte of its bits.
  private func text(_ hooks: (UInt8, UInt8), request: [UInt8], answer: [UInt8]) -> String {
    func escaped(_ bytes: [UInt8]) -> String {
      bytes.map { String(format: "\\%02x", $0) }.joined()
    }
    let bits = [hooks.0] + [UInt8](repeating: 0, count: 14) + [hooks.1]
    let tell = { (place: Int, count: Int) in
      """
      (drop (call $take (i32.const \(place)) (i32.const \(count))))
      """
    }
    return """
      (module
        (import "deepflow" "vm_read_ctx_base" (func $base (param i32 i32) (result i32)))
        (import "deepflow" "vm_read_payload" (func $payload (param i32 i32) (result i32)))
        (import "deepflow" "vm_read_http_req_info" (func $asked (param i32 i32) (result i32)))
        (import "deepflow" "vm_read_http_resp_info" (func $told (param i32 i32) (result i32)))
        (import "deepflow" "host_read_l7_protocol_info" (func $take (param i32 i32) (result i32)))
        (import "deepflow" "host_read_str_result" (func $name (param i32 i32) (result i32)))
        (import "deepflow" "wasm_log" (func $log (param i32 i32 i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 2)
        (global $ready (mut i32) (i32.const 0))
        (data (i32.const 100) "\(escaped(bits))")
        (data (i32.const 1000) "\(escaped(request))")
        (data (i32.const 2000) "\(escaped(answer))")
        (data (i32.const 3000) "\\00\\03Pay")
        (func (export "_start") (global.set $ready (i32.const 1)) (call $exit (i32.const 0)))
        (func (export "get_hook_bitmap") (result i32) (i32.const 100))
        (func (export "check_payload") (result i32)
          (if (i32.eqz (global.get $ready)) (then unreachable))
          (if (i32.ne (call $base (i32.const 8192) (i32.const 1024)) (i32.const 36))
            (then unreachable))
          (drop (call $payload (i32.const 16384) (i32.const 1024)))
          (if (i32.ne (i32.load8_u (i32.const 16384)) (i32.const 33)) (then (return (i32.const 0))))
          (drop (call $name (i32.const 3000) (i32.const 5)))
          (i32.const 1))
        (func (export "parse_payload") (result i32)
          (drop (call $base (i32.const 8192) (i32.const 1024)))
          (if (i32.load8_u (i32.const 8216))
            (then \(tell(2_000, answer.count)))
            (else \(tell(1_000, request.count))))
          (i32.const 1))
        (func (export "on_http_req") (result i32)
          ;; Two bytes of length, and a path that begins with a slash.
          (if (i32.lt_s (call $asked (i32.const 8192) (i32.const 8192)) (i32.const 3))
            (then unreachable))
          (if (i32.ne (i32.load8_u (i32.const 8194)) (i32.const 47)) (then (return (i32.const 0))))
          \(tell(1_000, request.count))
          (i32.const 1))
        (func (export "on_http_resp") (result i32)
          (if (i32.ne (call $told (i32.const 8192) (i32.const 3)) (i32.const 3))
            (then unreachable))
          (if (i32.eq (i32.load8_u (i32.const 8193)) (i32.const 200)) (then
            \(tell(2_000, answer.count))))
          (i32.const 1)))
      """
  }

  private func plugin(_ hooks: (UInt8, UInt8)) throws -> Plugin {
    try plugin(hooks, request: request, answer: answer)
  }

  private func plugin(
    _ hooks: (UInt8, UInt8), request: [UInt8], answer: [UInt8]
  ) throws -> Plugin {
    let bytes = try SandboxEngine.binary(of: text(hooks, request: request, answer: answer))
    return try Plugin(bytes, try SandboxEngine(.repeatable), name: "payments")
  }

  private func kind(
    _ plugin: Plugin, on protocols: [any ProtocolKind] = []
  ) throws -> any ProtocolKind {
    var set = PluginSet()
    try set.add(plugin, payload: 4_096)
    return try #require(set.applied(to: protocols).first)
  }

  @Test func itsProtocolIsReadAsItIs() throws {
    let plugin = try plugin((0, 1))
    let kind = try kind(plugin)
    #expect(kind.descriptor.name == "payments" && kind.descriptor.number.rawValue == 127)
    let context = RecognitionContext(transport: .tcp, side: .client, serverPort: 9)
    #expect(kind.recognize(Array("!pay".utf8).span, context: context) == .yes(sentBy: nil))
    #expect(kind.recognize(Array("?pay".utf8).span, context: context) == .no)
    let messages = hold(kind, [Talk(.client, "!pay"), Talk(.server, "no")]).messages
    #expect(messages.count == 2 && plugin.counters.faults == 0)
    #expect(messages.first?.texts["request_type"] == "PAY")
    #expect(messages.first?.texts["request_domain"] == "shop")
    #expect(messages.first?.texts["endpoint"] == "Pay")
    #expect(messages.first?.texts["trace_id"] == "abc")
    #expect(messages.first?.texts["x_request_id_0"] == "x-1")
    #expect(messages.first?.attributes == ["k": "v"])
    #expect(messages.first?.requestID == 7)
    #expect(messages.last?.status == .serverError && messages.last?.code == 500)
    #expect(messages.last?.texts["response_exception"] == "oops")
  }

  @Test func severalRecordsAreSeveralMessages() throws {
    let plugin = try plugin((0, 1), request: request + request + request, answer: answer)
    let messages = hold(try kind(plugin), [Talk(.client, "!pay")]).messages
    #expect(messages.map(\.requestID) == [7, 7, 7])
  }

  @Test func itsHooksOnHTTPAreAsked() throws {
    let plugin = try plugin((0xc0, 0))
    let kind = try kind(plugin, on: [HTTP1()])
    expectMessages(
      kind,
      Talk(.client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
      Talk(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
      Talk(.client, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
      Talk(.server, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "PAY", requestResource: "/a", endpoint: "Pay", traceID: "abc",
          attributes: ["k": "v"]),
        ExpectedMessage(
          .response, status: .serverError, code: 500, responseException: "oops"),
        ExpectedMessage(.request, requestResource: "/b"),
        ExpectedMessage(.response, status: .clientError, code: 404),
      ])
    #expect(plugin.counters.faults == 0, "\(plugin.counters)")
  }

  @Test func damagedRecordsTellNothingThatIsNotThere() throws {
    let whole = request
    for count in whole.indices {
      let plugin = try plugin((0, 1), request: Array(whole.prefix(count)), answer: [])
      _ = hold(try kind(plugin), [Talk(.client, "!pay"), Talk(.server, "x")])
      var damaged = whole
      damaged[count] ^= 0xff
      let other = try self.plugin((0, 1), request: damaged, answer: answer)
      _ = hold(try kind(other), [Talk(.client, "!pay"), Talk(.server, "x")])
    }
  }

  @Test func oneThatLooksAtNothingKnownIsRefused() throws {
    let bytes = try SandboxEngine.binary(
      of: text((0x20, 0), request: request, answer: answer))
    #expect {
      _ = try Plugin(bytes, try SandboxEngine(.repeatable))
    } throws: {
      "\($0)".hasPrefix("it looks at nothing that is known here")
    }
  }
}
