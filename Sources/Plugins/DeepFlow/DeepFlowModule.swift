// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// What a plugin that was made for DeepFlow's agent looks at.
package struct DeepFlowHooks: Hashable, Sendable {
  package var readsPayload = false
  package var seesHTTPRequests = false
  package var seesHTTPResponses = false
}

/// A module that was made for DeepFlow's agent: what it looks at, and how it is told of bytes.
struct DeepFlowModule: Sendable {
  let name: String
  let hooks: DeepFlowHooks
  let module: SandboxModule

  /// Nil when the module is not of that interface.
  init?(_ module: SandboxModule, name: String) throws(PluginError) {
    guard var seat = module.borrow() else {
      throw PluginError("it does not start: \(module.counters.lastFault)")
    }
    guard !seat.exports(.abi), seat.exports(.hooks) else { return nil }
    guard let place = seat.call(.hooks) else {
      throw PluginError("get_hook_bitmap failed: \(module.counters.lastFault)")
    }
    var bits: [UInt8] = Array(repeating: 0, count: 16)
    var span = bits.mutableSpan
    guard seat.read(&span, first: 16, at: UInt32(bitPattern: place)) else {
      throw PluginError("get_hook_bitmap names no place in its memory")
    }
    var hooks = DeepFlowHooks()
    hooks.readsPayload = bits[15] & 1 != 0 && seat.exports(.check) && seat.exports(.parse)
    hooks.seesHTTPRequests = bits[0] & 0x80 != 0 && seat.exports(.httpRequest)
    hooks.seesHTTPResponses = bits[0] & 0x40 != 0 && seat.exports(.httpResponse)
    guard hooks != DeepFlowHooks() else {
      throw PluginError(
        "it looks at nothing that is known here: payloads and messages of HTTP are")
    }
    self.name = name
    self.hooks = hooks
    self.module = module
  }

  /// What every call is told of where the bytes come from. Addresses, time, flow and process are not known
  /// where bytes are read, and are told as 0 and empty.
  static func base(
    transport: TransportProtocol, number: UInt8, serverPort: UInt16, from side: Side?, count: Int
  ) -> [UInt8] {
    let isAnswer = side == .server
    let ports: [UInt16] = isAnswer ? [serverPort, 0] : [0, serverPort]
    var bytes: [UInt8] = [4, 0, 0, 0, 0, 0, 0, 0, 0]
    for port in ports { bytes += [UInt8(port >> 8), UInt8(port & 0xff)] }
    bytes += [transport == .udp ? 17 : 6, number, 255]
    bytes += [UInt8](repeating: 0, count: 8)
    bytes += [isAnswer ? 1 : 0, 0]
    bytes += [UInt8](repeating: 0, count: 8)
    bytes += [UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
    return bytes
  }

  /// A text behind its length.
  static func append(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    let text = text.prefix(4_096)
    bytes += [UInt8(text.count >> 8), UInt8(text.count & 0xff)]
    bytes += text
  }
}
