// SPDX-License-Identifier: Apache-2.0

/// Spans of calls: what the kernel or the wire saw of a call is the client's span, and the server's below
/// it where the server's process was seen; what an application told is its own span.
extension SpanTree {
  init(_ trace: Trace, details: [UInt64: SpanDetails]) {
    id = trace.identity
    isCut = trace.isCut
    spans = []
    spans.reserveCapacity(trace.calls.count * 2)
    var used: Set<String> = []
    // By call: the place of the span below which its causes' calls stand.
    var inner: [Int] = []
    inner.reserveCapacity(trace.calls.count)
    for (place, call) in trace.calls.enumerated() {
      var parent = call.parent.map { inner[$0] }
      for end in Self.ends(of: call) {
        let detail = details[end.hop.id] ?? SpanDetails()
        var span = Self.span(call, place, end, detail)
        let told = detail.span.lowercased()
        if end.isTold, Self.isSpanID(told), used.insert(told).inserted { span.id = told }
        span.parent = parent
        parent = spans.count
        spans.append(span)
      }
      inner.append(parent ?? 0)
    }
  }

  /// One side of a call, with the record that stands for it.
  private struct End {
    var hop: TraceHop
    var kind: TraceSpan.Kind
    var isServer: Bool
    var isTold = false
  }

  private static func ends(of call: TraceNode) -> [End] {
    guard let first = call.hops.first else { return [] }
    switch first.point {
    case "c-app": return [End(hop: first, kind: .client, isServer: false, isTold: true)]
    case "s-app": return [End(hop: first, kind: .server, isServer: true, isTold: true)]
    case "app": return [End(hop: first, kind: .internal, isServer: false, isTold: true)]
    default: break
    }
    let outer: TraceSpan.Kind =
      Messaging.isSent(call.text)
      ? .producer : Messaging.isReceived(call.text) ? .consumer : .client
    let served = call.hops.last { $0.point == "s-p" }.map {
      End(hop: $0, kind: .server, isServer: true)
    }
    guard first.point != "s-p" else { return served.map { [$0] } ?? [] }
    let made = End(hop: first, kind: outer, isServer: false)
    return [made] + (served.map { [$0] } ?? [])
  }

  /// The rows whose details the spans of a call tell.
  static func records(of call: TraceNode) -> [UInt64] { ends(of: call).map(\.hop.id) }

  private static func isSpanID(_ text: String) -> Bool {
    text.utf8.count == 16 && UInt64(text, radix: 16).map { $0 != 0 } ?? false
  }

  private static func span(
    _ call: TraceNode, _ place: Int, _ end: End, _ detail: SpanDetails
  ) -> TraceSpan {
    let own = end.isServer ? call.server : call.client
    let name = own.service.isEmpty ? own.address : own.service
    let service = end.isTold && !detail.application.isEmpty ? detail.application : name
    var resource: [TraceAttribute] = []
    let host = end.isServer ? detail.serverHost : detail.clientHost
    let instance = end.isServer ? detail.serverInstance : detail.clientInstance
    if !host.isEmpty { resource.append(TraceAttribute("host.name", host)) }
    if !instance.isEmpty { resource.append(TraceAttribute("service.instance.id", instance)) }
    if own.process != 0 {
      resource.append(TraceAttribute("process.pid", Int64(clamping: own.process)))
    }
    return TraceSpan(
      id: TraceIdentity.span(end.hop.id), call: place, kind: kind(end, detail),
      name: SpanNames.name(call.text), service: service.isEmpty ? "unknown" : service,
      start: end.hop.start, duration: end.hop.duration ?? 0,
      status: call.text.isFailed ? .error : call.text.status == "Success" ? .ok : .unset,
      message: call.text.isFailed ? call.text.exception : "", resource: resource,
      attributes: SpanNames.attributes(call, detail, isServer: end.isServer))
  }

  /// Applications say themselves that they produce or consume.
  private static func kind(_ end: End, _ detail: SpanDetails) -> TraceSpan.Kind {
    guard end.isTold else { return end.kind }
    switch detail.attributes.first(where: { $0.name == "span.kind" })?.value.text {
    case "producer": return .producer
    case "consumer": return .consumer
    default: return end.kind
    }
  }
}
