// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry

// Prints one line a figure: name, value, unit and bar, separated by tabs.

/// A module with what every plugin has, and `body`.
func module(_ manifest: String, _ body: String) throws -> [UInt8] {
  try SandboxEngine.binary(
    of: """
      (module
        (memory (export "memory") 2)
        (data (i32.const 1024) "\\00\\20\\00\\00\\00\\40\\00\\00\\00\\c0\\00\\00\\00\\20\\00\\00")
        (data (i32.const 2048) "\(manifest.split(separator: "\n").joined(separator: "\\0a"))\\00")
        (func (export "metaflow_desk") (result i32) (i32.const 1024))
        (func (export "metaflow_abi") (result i32) (i32.const 1))
        (func (export "metaflow_describe") (result i32) (i32.const 2048))
        \(body))
      """)
}

func nanoseconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
}

/// The least nanoseconds that a message took in some rounds.
func nanoseconds(_ kind: any ProtocolKind, _ bytes: [UInt8], messages: Int) throws -> Double {
  var best = Double.infinity
  for _ in 0..<7 {
    var parser = kind.makeParser(ConversationContext(transport: .tcp))
    var desk = Desk()
    let begun = ContinuousClock.now
    for _ in 0..<messages {
      desk.clear()
      _ = try parser.nextMessage(in: StreamView(bytes.span), from: .client, on: &desk)
    }
    best = min(best, nanoseconds(ContinuousClock.now - begun) / Double(messages))
  }
  return best
}

func show(_ name: String, _ value: Double, _ unit: String, _ bar: String) {
  print("\(name)\t\(Int(value))\t\(unit)\t\(bar)")
}

let engine = try SandboxEngine(PluginLimits())
let hook = try module(
  "name: empty\nversion: 1\nkind: hook\nprotocols: HTTP",
  "(func (export \"metaflow_message\") (result i32) (i32.const 0))")
var hooks = PluginSet()
try hooks.add(try Plugin(hook, engine), payload: 0)
let request = Array("GET /orders/17 HTTP/1.1\r\nHost: shop\r\n\r\n".utf8)
let plain = try nanoseconds(HTTP1(), request, messages: 200_000)
let hooked = try nanoseconds(hooks.applied(to: [HTTP1()])[0], request, messages: 200_000)
show("an empty hook on a request of HTTP", max(0, hooked - plain), "ns", "60")

// Frames of 50 bytes: a length, an id and a text.
let frames = try module(
  "name: frames\nversion: 1\nkind: protocol\nprotocol: Frames\nnumber: 230\npairing: identifier",
  """
  (func (export "metaflow_recognize") (result i32) (i32.const 3))
  (func (export "metaflow_read") (result i32)
    (i32.store (i32.const 1168) (i32.const 1))
    (i32.store (i32.const 1176) (i32.load8_u (i32.const 8193)))
    (i32.store (i32.const 1184) (i32.load8_u (i32.const 8194)))
    (i32.store (i32.const 1220) (i32.const 1))
    (i32.store (i32.const 1256) (i32.const 8196))
    (i32.store (i32.const 1260) (i32.const 16))
    (i32.const 1))
  """)
let kind = PluginProtocol(PluginSlot(try Plugin(frames, engine)))
if let kind {
  let frame: [UInt8] = [0xf7, 50, 1, 0x51] + [UInt8](repeating: 0x61, count: 46)
  let each = try nanoseconds(kind, frame, messages: 200_000)
  show("messages of 50 bytes that a plugin reads, per core-second", 1e9 / each, "", "1000000")
}

let begun = ContinuousClock.now
for _ in 0..<200 { _ = try Plugin(hook, engine) }
show(
  "loading a small module: compiled, made and asked",
  nanoseconds(ContinuousClock.now - begun) / 200_000, "us", "")
