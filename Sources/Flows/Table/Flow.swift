// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What every packet of a flow touches: its key, its state, and what it carried in this second.
///
/// 128 bytes, two lines of the cache: with many flows what a packet costs is the lines it brings in.
/// Directions are those of the packets: 0 is sent by the sender of the first packet seen, 1 by the
/// other end. Which of them is the client may be learnt, or unlearnt, later.
struct Flow: BitwiseCopyable {
  // The key, as the first packet was addressed. ICMP echoes have their identifier as both ports.
  var source: IPAddress = .unspecified
  var destination: IPAddress = .unspecified
  var interface: UInt32 = 0
  var tunnelID: UInt32 = 0
  var sourcePort: UInt16 = 0
  var destinationPort: UInt16 = 0
  var transport: TransportProtocol = .tcp
  var tunnelType: TunnelType = .none

  var use: Use = .free
  var phase: Phase = .other
  /// The last packet.
  var last = Timestamp(nanoseconds: 0)
  /// Packets from here on are of a later second than those in `traffic`. Nanoseconds since the epoch;
  /// `Int64.min` when no second is open.
  var secondEnd: Int64 = .min
  /// What each direction carried in the open second.
  var traffic = BothWays(SecondTraffic())
  /// The place of the open second's latencies and calls; `Pool.none` for none.
  var samples: UInt32 = .max

  // TCP; `track` and `dataTime` serve datagrams too.
  var track = TurnTrack()
  /// The last packet with data; the handshake's last before there was any.
  var dataTime = Timestamp(nanoseconds: 0)
  /// The number that the next byte of each direction will have.
  var next = BothWays<UInt32>(0)
  /// All flags of the packets of each direction in this report.
  var flags = BothWays<UInt16>(0)
  var facts = FlowFacts()

  enum Use: UInt8 {
    case free
    case open
    /// Out of the index, in ``FlowTable/ended``, and waiting for its release.
    case ended
  }

  /// How far a TCP connection got. What is not TCP stays ``other``.
  enum Phase: UInt8 {
    case other
    /// SYN, unanswered.
    case opening
    /// SYN/ACK, not acknowledged.
    case answered
    case established
    /// FIN of one side.
    case halfClosed
    /// FIN of both sides.
    case finished
    /// RST before it was established.
    case refused
    /// RST later.
    case reset
  }

  /// Whether the sender of the first packet is the client.
  var firstIsClient: Bool { !facts.has(FlowFacts.reversed) }

  /// The direction of what the client sends.
  @inline(__always)
  var clientDirection: Int { firstIsClient ? 0 : 1 }

  /// The address and port of the sender of a direction.
  func end(_ direction: Int) -> (address: IPAddress, port: UInt16) {
    direction == 0 ? (source, sourcePort) : (destination, destinationPort)
  }

  var isTCP: Bool { transport.rawValue == TransportProtocol.tcp.rawValue }

  /// Whether its ports are ports: those of ICMP are identifiers.
  var hasPorts: Bool { isTCP || transport.rawValue == TransportProtocol.udp.rawValue }
}
