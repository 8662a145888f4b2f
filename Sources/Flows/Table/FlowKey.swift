// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension Flow {
  /// The hash of a packet's flow: the same in both directions.
  ///
  /// A multiply and fold for either end, whose sum does not depend on their order, and one for the
  /// rest.
  @inline(__always)
  static func hash(of packet: inout DecodedPacket, seed: UInt64) -> UInt32 {
    let (sourcePort, destinationPort) = ports(of: &packet)
    return hash(
      ends: end(packet.source, port: sourcePort, seed: seed)
        &+ end(packet.destination, port: destinationPort, seed: seed),
      interface: packet.interface, tunnelID: packet.tunnel.id, tunnelType: packet.tunnel.type,
      transport: packet.transport, seed: seed)
  }

  /// The same of any tunnel.
  static func looseHash(of packet: inout DecodedPacket, seed: UInt64) -> UInt32 {
    let (sourcePort, destinationPort) = ports(of: &packet)
    return hash(
      ends: end(packet.source, port: sourcePort, seed: seed)
        &+ end(packet.destination, port: destinationPort, seed: seed),
      interface: packet.interface, tunnelID: 0, tunnelType: packet.tunnel.type,
      transport: packet.transport, seed: seed)
  }

  /// The hash of the packets of this flow.
  func hash(seed: UInt64) -> UInt32 {
    Self.hash(
      ends: Self.end(source, port: sourcePort, seed: seed)
        &+ Self.end(destination, port: destinationPort, seed: seed),
      interface: interface, tunnelID: tunnelID, tunnelType: tunnelType, transport: transport,
      seed: seed)
  }

  @inline(__always)
  private static func hash(
    ends: UInt64, interface: UInt32, tunnelID: UInt32, tunnelType: TunnelType,
    transport: TransportProtocol, seed: UInt64
  ) -> UInt32 {
    let place =
      UInt64(interface) << 32 ^ UInt64(tunnelID) << 8 ^ UInt64(tunnelType.rawValue) << 40
      ^ UInt64(transport.rawValue)
    let product = (ends ^ seed).multipliedFullWidth(by: place &+ 0x9e37_79b9_7f4a_7c15)
    let folded = product.high ^ product.low
    return UInt32(truncatingIfNeeded: folded ^ folded >> 32) | 1
  }

  @inline(__always)
  private static func end(_ address: IPAddress, port: UInt16, seed: UInt64) -> UInt64 {
    let product = (address.low ^ seed).multipliedFullWidth(
      by: address.high ^ UInt64(port) << 40 ^ 0xa076_1d64_78bd_642f)
    return product.high ^ product.low
  }

  /// An echo and its reply share their identifier; everything else of ICMP has none.
  @inline(__always)
  static func ports(of packet: inout DecodedPacket) -> (UInt16, UInt16) {
    if packet.transport.rawValue == 6 || packet.transport.rawValue == 17 {
      return (packet.sourcePort, packet.destinationPort)
    }
    return (packet.icmpIdentifier, packet.icmpIdentifier)
  }

  /// Which way a packet goes in this flow: 0 as the first, 1 back, -1 for one of another flow.
  @inline(__always)
  func direction(of packet: inout DecodedPacket) -> Int {
    guard
      packet.interface == interface && packet.transport.rawValue == transport.rawValue
        && packet.tunnel.id == tunnelID && packet.tunnel.type.rawValue == tunnelType.rawValue
    else { return -1 }
    let (from, to) = Self.ports(of: &packet)
    if from == sourcePort && to == destinationPort && packet.source.isSame(as: source)
      && packet.destination.isSame(as: destination)
    {
      return 0
    }
    if to == sourcePort && from == destinationPort && packet.destination.isSame(as: source)
      && packet.source.isSame(as: destination)
    {
      return 1
    }
    return -1
  }

  /// The flow that a packet begins.
  init(_ packet: inout DecodedPacket) {
    source = packet.source
    destination = packet.destination
    interface = packet.interface
    tunnelID = packet.tunnel.id
    tunnelType = packet.tunnel.type
    (sourcePort, destinationPort) = Self.ports(of: &packet)
    transport = packet.transport
    use = .open
    last = packet.time
  }
}
