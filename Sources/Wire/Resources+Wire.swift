// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Changes of resources, in the order in which they were seen.
extension ResourceChange {
  /// A kind, an identity of four parts, a time.
  static let smallestRow = 6

  private enum Row: UInt8 {
    case seen = 0
    case gone = 1
    case complete = 2
  }

  func write(to writer: inout WireWriter) {
    switch self {
    case .seen(let report):
      writer.byte(Row.seen.rawValue)
      report.write(to: &writer)
    case .gone(let identity, let since):
      writer.byte(Row.gone.rawValue)
      identity.write(to: &writer)
      writer.zigzag(since.nanoseconds)
    case .complete(let kind, let scope, let since):
      writer.byte(Row.complete.rawValue)
      ResourceIdentity(kind, in: scope, id: "").write(to: &writer)
      writer.zigzag(since.nanoseconds)
    }
  }

  /// Nil, and a fault in the reader, for a row of another kind: its length is not known.
  @_lifetime(reader: copy reader)
  init?(from reader: inout WireReader) {
    switch Row(rawValue: reader.byte()) {
    case .seen: self = .seen(ResourceReport(from: &reader))
    case .gone:
      self = .gone(
        ResourceIdentity(from: &reader), since: Timestamp(nanoseconds: reader.zigzag()))
    case .complete:
      let identity = ResourceIdentity(from: &reader)
      self = .complete(
        identity.kind, identity.scope, since: Timestamp(nanoseconds: reader.zigzag()))
    case nil:
      reader.fail(.malformed, "a change of a resource")
      return nil
    }
  }
}

extension ResourceScope {
  func write(to writer: inout WireWriter) {
    writer.byte(kind.rawValue)
    writer.string(id)
  }

  @_lifetime(reader: copy reader)
  init(from reader: inout WireReader) {
    let kind = Kind(rawValue: reader.byte())
    if kind == nil { reader.fail(.malformed, "a scope of resources") }
    self.init(kind ?? .everywhere, reader.string())
  }
}

extension ResourceIdentity {
  func write(to writer: inout WireWriter) {
    writer.byte(kind.rawValue)
    scope.write(to: &writer)
    writer.string(id)
  }

  @_lifetime(reader: copy reader)
  init(from reader: inout WireReader) {
    let kind = ResourceKind(rawValue: reader.byte())
    let scope = ResourceScope(from: &reader)
    self.init(kind, in: scope, id: reader.string())
  }
}

extension ResourceReport {
  func write(to writer: inout WireWriter) {
    identity.write(to: &writer)
    writer.string(name)
    writer.zigzag(validFrom.nanoseconds)
    Self.write(parents, to: &writer) { $1.write(to: &$0) }
    Self.write(attributes, to: &writer) { writer, attribute in
      writer.string(attribute.name)
      writer.string(attribute.value)
    }
    Self.write(addresses, to: &writer) { writer, address in
      writer.fixed(address.address.high)
      writer.fixed(address.address.low)
      writer.byte(address.prefixLength)
      writer.byte(address.isShared ? 1 : 0)
      address.scope.write(to: &writer)
    }
    Self.write(ports, to: &writer) { writer, port in
      writer.string(port.name)
      writer.byte(port.transport.rawValue)
      writer.fixed(port.port)
      writer.fixed(port.nodePort)
    }
    Self.write(endpoints, to: &writer) { writer, endpoint in
      writer.fixed(endpoint.address.high)
      writer.fixed(endpoint.address.low)
      writer.byte(endpoint.transport.rawValue)
      writer.fixed(endpoint.port)
      writer.byte(endpoint.target == nil ? 0 : 1)
      endpoint.target?.write(to: &writer)
    }
  }

  private static func write<Part>(
    _ parts: [Part], to writer: inout WireWriter, _ write: (inout WireWriter, Part) -> Void
  ) {
    let parts = parts.prefix(WireLimits.resourceParts)
    writer.varint(UInt64(parts.count))
    for part in parts { write(&writer, part) }
  }

  @_lifetime(reader: copy reader)
  init(from reader: inout WireReader) {
    let identity = ResourceIdentity(from: &reader)
    let name = reader.string()
    self.init(identity, name: name, validFrom: Timestamp(nanoseconds: reader.zigzag()))
    let limit = WireLimits.resourceParts
    for _ in 0..<reader.count(limit: limit, rowBytes: 4) {
      parents.append(ResourceIdentity(from: &reader))
    }
    for _ in 0..<reader.count(limit: limit, rowBytes: 2) {
      attributes.append(Attribute(reader.string(), reader.string()))
    }
    for _ in 0..<reader.count(limit: limit, rowBytes: 20) {
      let address = IPAddress(high: reader.fixed(), low: reader.fixed())
      let prefixLength = reader.byte()
      let isShared = reader.byte() != 0
      addresses.append(
        Address(
          address, prefixLength: prefixLength, in: ResourceScope(from: &reader),
          isShared: isShared))
    }
    for _ in 0..<reader.count(limit: limit, rowBytes: 6) {
      ports.append(
        Port(
          name: reader.string(), transport: TransportProtocol(rawValue: reader.byte()),
          port: reader.fixed(), nodePort: reader.fixed()))
    }
    for _ in 0..<reader.count(limit: limit, rowBytes: 20) {
      let address = IPAddress(high: reader.fixed(), low: reader.fixed())
      let transport = TransportProtocol(rawValue: reader.byte())
      let port = reader.fixed(UInt16.self)
      let target = reader.byte() != 0 ? ResourceIdentity(from: &reader) : nil
      endpoints.append(
        Endpoint(address: address, transport: transport, port: port, target: target))
    }
  }
}

/// A report by itself, as it is kept in a file.
extension ResourceReport {
  package var encoded: [UInt8] {
    var writer = WireWriter()
    write(to: &writer)
    return writer.bytes
  }

  /// - Throws: where the bytes are those of nothing, or of more than one report.
  package init(encoded bytes: Span<UInt8>) throws(WireError) {
    var reader = WireReader(bytes)
    self.init(from: &reader)
    if reader.remaining > 0 { reader.fail(.malformed, "the end of a resource") }
    try reader.check()
  }
}
