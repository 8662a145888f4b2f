// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Some of the protocols: a bit each, by their place in ``FlowEngine/protocols``.
typealias ProtocolSet = UInt64

/// Which protocols some bytes may be of. Made once, of what the protocols say of themselves; asking it takes
/// as long for fifty of them as for five.
struct RecognitionIndex {
  /// The most protocols there may be.
  static let capacity = 64

  /// What is asked about on one transport.
  private struct Table {
    /// Those that are looked for on it, and those of them that may be on any port.
    var all: ProtocolSet = 0
    var anywhere: ProtocolSet = 0
    /// By place and byte: those that may have the byte there.
    var openings = [ProtocolSet](repeating: 0, count: Openings.places * 256)
  }

  private var streams = Table()
  private var datagrams = Table()
  private var byPort: [UInt16: ProtocolSet] = [:]
  /// Those that are as sure elsewhere as on a port of their own.
  private var portless: ProtocolSet = 0
  /// Those whose responses show what a request is.
  private(set) var showRequests: ProtocolSet = 0

  init(_ protocols: [any ProtocolKind]) {
    precondition(protocols.count <= Self.capacity, "at most 64 protocols")
    for (number, kind) in protocols.enumerated() {
      let bit: ProtocolSet = 1 << ProtocolSet(number)
      let descriptor = kind.descriptor
      for port in descriptor.defaultPorts { byPort[port, default: 0] |= bit }
      if descriptor.responsesShowRequests {
        portless |= bit
        showRequests |= bit
      }
      for transport in descriptor.transports {
        let openings = kind.openings(on: transport)
        if transport.rawValue == TransportProtocol.udp.rawValue {
          Self.add(bit, descriptor, openings, to: &datagrams)
        } else {
          Self.add(bit, descriptor, openings, to: &streams)
        }
      }
    }
  }

  private static func add(
    _ bit: ProtocolSet, _ descriptor: ProtocolDescriptor, _ openings: Openings,
    to table: inout Table
  ) {
    table.all |= bit
    if !descriptor.onlyDefaultPorts { table.anywhere |= bit }
    for place in 0..<Openings.places {
      for byte in 0...255 where openings.allow(UInt8(byte), at: place) {
        table.openings[place * 256 + byte] |= bit
      }
    }
  }

  /// Those that the first bytes of a turn may be of: `own`, which are to be asked first, on their ports or
  /// where their servers were met, whatever the bytes are; and others whose openings the bytes fit.
  func candidates(
    _ bytes: Span<UInt8>, on transport: TransportProtocol, own: ProtocolSet
  ) -> ProtocolSet {
    transport.rawValue == TransportProtocol.udp.rawValue
      ? Self.candidates(bytes, in: datagrams, own: own)
      : Self.candidates(bytes, in: streams, own: own)
  }

  private static func candidates(
    _ bytes: Span<UInt8>, in table: borrowing Table, own: ProtocolSet
  ) -> ProtocolSet {
    var fitting = table.anywhere
    for place in 0..<min(bytes.count, Openings.places) {
      fitting &= table.openings[place * 256 + Int(bytes[place])]
    }
    return fitting | own & table.all
  }

  /// Those whose port this is.
  @inline(__always)
  func onPort(_ port: UInt16) -> ProtocolSet { byPort[port] ?? 0 }

  /// Words of HTTP are words of others, too, which have ports of their own, but not the other way round:
  /// it is asked first everywhere.
  func own(ports: ProtocolSet) -> ProtocolSet { ports | portless }
}
