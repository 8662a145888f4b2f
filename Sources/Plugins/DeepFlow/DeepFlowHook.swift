// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// A module for DeepFlow's agent that looks at messages of HTTP.
struct DeepFlowHook: MessageHook {
  let protocols = ["HTTP", "HTTP2", "gRPC"]
  let payload: Int
  let headers: [[UInt8]] = []
  private let slot: PluginSlot
  private let hooks: DeepFlowHooks

  /// Nil when the plugin is something else, or looks at something else.
  init?(_ slot: PluginSlot, allowed: Int) {
    guard case .deepFlow(let hooks) = slot.manifest.kind,
      hooks.seesHTTPRequests || hooks.seesHTTPResponses
    else { return nil }
    self.slot = slot
    self.hooks = hooks
    payload = min(allowed, SandboxSeat.offerLimit)
  }

  var name: String { slot.manifest.name }

  func amend(
    _ desk: inout Desk, of number: ApplicationProtocol, from side: Side, bytes: Span<UInt8>,
    head: borrowing MessageHead
  ) {
    let isAnswer = desk.message.kind == .response
    let plugin = slot.plugin
    guard isAnswer ? hooks.seesHTTPResponses : hooks.seesHTTPRequests,
      var seat = plugin.module.borrow()
    else { return }
    let base = DeepFlowModule.base(
      transport: .tcp, number: number.rawValue, serverPort: 0, from: side, count: bytes.count)
    seat.offer(base.span, as: .base)
    seat.offer(bytes, as: .payload)
    if isAnswer {
      let code = UInt16(clamping: desk.message.code ?? 0)
      let known: Set<UInt8> = [0, 2, 3, 4, 5]
      let status = desk.message.status.rawValue
      let told = [UInt8(code >> 8), UInt8(code & 0xff), known.contains(status) ? status : 5]
      seat.offer(told.span, as: .response)
    } else {
      var told: [UInt8] = []
      let texts = desk.message.texts
      for text in [texts.requestResource, texts.requestDomain, texts.userAgent, texts.referer] {
        DeepFlowModule.append(desk.fields.bytes(text), to: &told)
      }
      seat.offer(told.span, as: .request)
    }
    guard seat.call(isAnswer ? .httpResponse : .httpRequest) != nil else { return }
    let records = seat.takeRecords()
    guard let range = DeepFlowInfo.records(records.span).first else { return }
    DeepFlowInfo(range, in: records.span).write(from: records.span, to: &desk)
  }
}
