// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What SkyWalking says of a span in its own way.
struct SkyWalkingSpan: Sendable {
  /// In the order of their numbers (skywalking-data-collect-protocol, language-agent/Tracing.proto).
  static let layers = ["Unknown", "Database", "RPCFramework", "Http", "MQ", "Cache", "FAAS"]

  var id: Int64 = -1
  var parent: Int64 = -1
  /// 0 entry, 1 exit, 2 local.
  var kind: UInt8 = 2
  /// By its place in ``layers``.
  var layer: UInt8 = 0
  var peer: [UInt8] = []
  /// The id of the span in another segment that it follows from.
  var reference: [UInt8] = []

  /// Completes `draft`. Ids are those that the propagation headers make: the segment's, and the number in
  /// it.
  func finish(_ draft: inout SpanDraft, segment: [UInt8]) {
    if id >= 0, !segment.isEmpty {
      draft.spanID = segment + Array("-\(id)".utf8)
      draft.parentSpanID = parent >= 0 ? segment + Array("-\(parent)".utf8) : reference
    }
    let isMessage = layer == 4
    switch kind {
    case 0: draft.kind = isMessage ? .consumer : .server
    case 1: draft.kind = isMessage ? .producer : .client
    default: draft.kind = .internal
    }
    guard let (host, port) = Self.split(peer) else { return }
    let isAddress = IPAddress(host) != nil
    draft.attributes.append(
      name: isAddress ? "network.peer.address" : "net.peer.name", value: Array(host.utf8).span)
    draft.attributes.append(name: "network.peer.port", value: Array(port.utf8).span)
  }

  /// The first host and port of `10.0.0.1:80`, `[::1]:80`, `a:1,b:2`; the port empty where there is none.
  private static func split(_ peer: [UInt8]) -> (host: String, port: String)? {
    let text = String(decoding: peer.prefix(256), as: UTF8.self)
    guard let first = text.split(whereSeparator: { ",; ".contains($0) }).first else { return nil }
    guard let colon = first.lastIndex(of: ":") else { return (String(first), "") }
    var host = first[..<colon]
    if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
    return (String(host), String(first[first.index(after: colon)...]))
  }
}
