// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Between whom a span was, and in which language.
extension SpanRecorder {
  func ends(
    _ draft: borrowing SpanDraft, _ values: inout SpanValues
  ) -> (client: CallEnd, server: CallEnd) {
    let attributes = draft.attributes
    var own = CallEnd(
      address: address(attributes, values.found[.ownAddress]) ?? .unspecified,
      port: port(attributes, .ownPort, &values))
    var far = CallEnd(
      address: address(attributes, values.found[.peerAddress]) ?? .unspecified,
      port: port(attributes, .peerPort, &values))
    if let pid = attributes.number(of: values.found[.processID]).flatMap({ UInt32(exactly: $0) }) {
      own.process = ProcessKey(pid: pid, startedAfterBoot: 0)
    }
    own.thread = UInt32(exactly: attributes.number(of: values.take(.threadID)) ?? 0) ?? 0
    own.threadName = ThreadName(attributes.text(of: values.found[.threadName]))
    guard draft.kind.isClient || draft.kind.isServer else { return (own, own) }
    let server = address(attributes, values.found[.serverAddress])
    if draft.kind.isClient {
      if far.address.isUnspecified {
        far.address = server ?? address(attributes, values.found[.peerName]) ?? .unspecified
      }
      if far.port == 0 { far.port = number(attributes, .serverPort, values) }
      return (own, far)
    }
    if own.address.isUnspecified { own.address = server ?? .unspecified }
    if own.port == 0 { own.port = number(attributes, .serverPort, values) }
    if far.address.isUnspecified {
      far.address = address(attributes, values.found[.clientAddress]) ?? .unspecified
      if far.port == 0 { far.port = port(attributes, .clientPort, &values) }
    }
    return (far, own)
  }

  /// The first address that a value has which is no loopback's, or else the first: resources list all of
  /// their hosts'.
  func address(_ attributes: borrowing SpanAttributes, _ index: Int?) -> IPAddress? {
    guard index != nil else { return nil }
    let text = attributes.text(of: index)
    if let address = IPAddress(text) { return address }
    guard text.hasPrefix("[") else { return nil }
    let parts = text.dropFirst().dropLast().split(separator: ",").prefix(64)
    let all = parts.compactMap { IPAddress(String($0.filter { $0 != "\"" && $0 != " " })) }
    return all.first { !$0.isLoopback } ?? all.first
  }

  private func number(
    _ attributes: borrowing SpanAttributes, _ field: SpanField, _ values: SpanValues
  ) -> UInt16 {
    UInt16(exactly: attributes.number(of: values.found[field]) ?? 0) ?? 0
  }

  private func port(
    _ attributes: borrowing SpanAttributes, _ field: SpanField, _ values: inout SpanValues
  ) -> UInt16 {
    let port = number(attributes, field, values)
    if port != 0 { _ = values.take(field) }
    return port
  }

  func transport(
    _ attributes: borrowing SpanAttributes, _ values: inout SpanValues
  ) -> TransportProtocol {
    guard values.found[.transport] != nil else { return .tcp }
    switch attributes.text(of: values.found[.transport]) {
    case "tcp", "ip_tcp":
      _ = values.take(.transport)
      return .tcp
    case "udp", "ip_udp", "quic":
      _ = values.take(.transport)
      return .udp
    case "unix":
      _ = values.take(.transport)
      return .unix
    default: return .tcp
    }
  }

  /// By the name that agents announce it under; unknown when none has that name.
  func applicationProtocol(
    _ attributes: borrowing SpanAttributes, _ values: SpanValues
  ) -> ApplicationProtocol {
    let fields: [SpanField] = [.databaseSystem, .messagingSystem, .rpcSystem]
    for field in fields where values.found[field] != nil {
      let system = attributes.text(of: values.found[field]).lowercased()
      return names.number(of: Self.protocols[system] ?? system) ?? .unknown
    }
    if values.found[.httpMethod] != nil {
      let version = attributes.text(of: values.found[.protocolVersion])
      let newer = version.hasPrefix("2") ? names.number(of: "HTTP2") : nil
      return newer ?? names.number(of: "HTTP") ?? .unknown
    }
    if values.found[.domainName] != nil { return names.number(of: "DNS") ?? .unknown }
    guard values.found[.protocolName] != nil else { return .unknown }
    let name = attributes.text(of: values.found[.protocolName]).lowercased()
    return names.number(of: Self.protocols[name] ?? name) ?? .unknown
  }

  /// What conventions call a system, and agents its protocol, where these differ.
  static let protocols: [String: String] = [
    "mariadb": "MySQL", "cockroachdb": "PostgreSQL", "redshift": "PostgreSQL",
    "aws.redshift": "PostgreSQL", "valkey": "Redis", "oracle.db": "Oracle",
    "rabbitmq": "AMQP", "activemq": "OpenWire", "apache_dubbo": "Dubbo",
    "aws_sqs": "HTTP", "elasticsearch": "HTTP", "opensearch": "HTTP", "connect_rpc": "HTTP",
    "https": "HTTP",
  ]
}
