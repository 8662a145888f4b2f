// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How sure it is which end is the client: the stored `direction_score`.
package enum DirectionScore {
  /// SYN, SYN/ACK, or an address before translation (TOA) was seen; or one end is a group of hosts.
  package static let handshake: UInt8 = 255
  /// The application's messages say it; an echo request too.
  package static let application: UInt8 = 254
  /// One port is configured as a server's.
  package static let configured: UInt8 = 253
  /// The difference of the peers that both ends had, at most this.
  package static let history: UInt8 = 252
}

/// What ports alone say, in an order that no history of 8 peers or more would lose to.
private enum PortScore {
  static let wellKnown: UInt8 = 7
  static let ephemeral: UInt8 = 5
  static let lower: UInt8 = 1
}

/// How many flows each end (address and port) took part in: who had many is a server.
///
/// Bounded: four ends share a bucket, and a new one takes the place of that with the fewest flows.
struct ServedEnds {
  private static let ways = 4
  /// Tag in the high 48 bits, flows in the low 16.
  private var cells: [UInt64]
  private let seed: UInt64

  init(ends: Int, seed: UInt64) {
    var buckets = 1
    while buckets * Self.ways < ends { buckets *= 2 }
    cells = Array(repeating: 0, count: buckets * Self.ways)
    self.seed = seed
  }

  private func hash(_ address: IPAddress, _ port: UInt16, _ transport: TransportProtocol) -> UInt64
  {
    var hash = Hash(seed: seed)
    hash.combine(address)
    hash.combine(UInt64(port) << 8 | UInt64(transport.rawValue))
    // The fold leaves 32 bits; the tag wants more.
    let low = UInt64(hash.value)
    hash.combine(1)
    return UInt64(hash.value) << 32 | low
  }

  /// Flows counted for an end, at most 65,535.
  func count(_ address: IPAddress, _ port: UInt16, _ transport: TransportProtocol) -> Int {
    let hash = hash(address, port, transport)
    let bucket = Int(truncatingIfNeeded: hash & UInt64(cells.count / Self.ways - 1)) * Self.ways
    for way in bucket..<(bucket + Self.ways) where cells[way] >> 16 == hash >> 16 {
      return Int(cells[way] & 0xffff)
    }
    return 0
  }

  mutating func add(_ address: IPAddress, _ port: UInt16, _ transport: TransportProtocol) {
    let hash = hash(address, port, transport)
    let bucket = Int(truncatingIfNeeded: hash & UInt64(cells.count / Self.ways - 1)) * Self.ways
    var fewest = bucket
    for way in bucket..<(bucket + Self.ways) {
      if cells[way] >> 16 == hash >> 16 {
        if cells[way] & 0xffff != 0xffff { cells[way] += 1 }
        return
      }
      if cells[way] & 0xffff < cells[fewest] & 0xffff { fewest = way }
    }
    cells[fewest] = (hash >> 16) << 16 | 1
  }
}

extension FlowTable {
  /// Guesses, for the first packet of a flow, whether its sender is the client, and remembers its
  /// ends. A SYN needs no guess.
  mutating func guessDirection(
    _ packet: inout DecodedPacket
  ) -> (firstIsClient: Bool, score: UInt8) {
    let transport = packet.transport
    if transport.rawValue == TransportProtocol.tcp.rawValue, packet.flags.rawValue & 0x02 != 0 {
      let isAnswer = packet.flags.rawValue & 0x10 != 0
      if isAnswer {
        served.add(packet.source, packet.sourcePort, transport)
      } else {
        served.add(packet.destination, packet.destinationPort, transport)
      }
      return (!isAnswer, DirectionScore.handshake)
    }
    if let isFromMember = isFromMember(&packet) {
      return (isFromMember, DirectionScore.handshake)
    }
    guard
      transport.rawValue == TransportProtocol.tcp.rawValue
        || transport.rawValue == TransportProtocol.udp.rawValue
    else { return (!packet.isEchoReply, packet.isEcho ? DirectionScore.application : 0) }
    served.add(packet.source, packet.sourcePort, transport)
    served.add(packet.destination, packet.destinationPort, transport)
    return guessFromPorts(&packet)
  }

  /// Whether the packet goes to a group of hosts, and so does not come from one: a group asks nobody.
  /// The broadcast address of a network shows only on the link. Nil when it goes from host to host.
  private func isFromMember(_ packet: inout DecodedPacket) -> Bool? {
    guard packet.transport.rawValue != TransportProtocol.tcp.rawValue else { return nil }
    if packet.destination.isGroup || packet.destinationLink.isGroup { return true }
    return packet.source.isGroup ? false : nil
  }

  private func guessFromPorts(
    _ packet: inout DecodedPacket
  ) -> (firstIsClient: Bool, score: UInt8) {
    let (from, to) = (packet.sourcePort, packet.destinationPort)
    let isFromServer = limits.serverPorts.contains(from)
    if isFromServer != limits.serverPorts.contains(to) {
      return (!isFromServer, DirectionScore.configured)
    }
    let difference =
      served.count(packet.destination, to, packet.transport)
      - served.count(packet.source, from, packet.transport)
    if abs(difference) >= 8 {
      return (difference > 0, UInt8(min(abs(difference), Int(DirectionScore.history))))
    }
    // DHCPv6 (RFC 9915 section 7.2) is the one whose clients have the lower port.
    if packet.transport.rawValue == TransportProtocol.udp.rawValue, from ^ to == 546 ^ 547,
      from == 546 || to == 546
    {
      return (from == 546, PortScore.wellKnown)
    }
    if (from < 1_024) != (to < 1_024) { return (to < 1_024, PortScore.wellKnown) }
    if (from < 32_768) != (to < 32_768) { return (to < 32_768, PortScore.ephemeral) }
    // Between two ephemeral ports, who spoke first is the better sign.
    if from < 32_768 && from != to { return (to < from, PortScore.lower) }
    return (true, 0)
  }

  /// Tells which end is the client, as `score` (0 to 255) of certainty has it. What is surer already
  /// stays. On a reversal all figures that are not yet reported change sides.
  mutating func learnDirection(slot: Int, firstIsClient: Bool, score: UInt8) {
    guard score > details[slot].directionScore else { return }
    details[slot].directionScore = score
    guard flows[slot].firstIsClient != firstIsClient else { return }
    flows[slot].facts.set(FlowFacts.reversed, to: !firstIsClient)
    details[slot].observationPoint = observationPoint(slot)
    leavePair(slot, closing: nil)
  }

  /// Takes the address that a translator put into the TCP options (TOA): its sender is the client.
  mutating func learnRealAddress(_ packet: inout DecodedPacket, slot: Int, direction: Int) {
    guard packet.options.realAddress.low != 0 || packet.options.realAddress.high != 0 else {
      return
    }
    learnDirection(slot: slot, firstIsClient: direction == 0, score: DirectionScore.handshake)
    guard let extra = extra(of: slot) else { return }
    extras.slots[extra].realAddress[direction] = packet.options.realAddress
    extras.slots[extra].realPort[direction] = packet.options.realPort
  }
}
