// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What every packet of a flow touches: its key, its state, and where its figures stand.
///
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
  /// Whether the sender of the first packet is the client.
  var firstIsClient = true
  /// The last packet.
  var last = Timestamp(nanoseconds: 0)
  /// How sure the direction is, 0 to 255.
  var directionScore: UInt8 = 0
  var observationPoint: ObservationPoint = .rest
  var hash: UInt32 = 0

  enum Use: UInt8 {
    case free
    case open
    /// Out of the index, in ``FlowTable/ended``, and waiting for its release.
    case ended
  }

  /// The direction of what the client sends.
  @inline(__always)
  var clientDirection: Int { firstIsClient ? 0 : 1 }

  var client: (address: IPAddress, port: UInt16) {
    firstIsClient ? (source, sourcePort) : (destination, destinationPort)
  }

  var server: (address: IPAddress, port: UInt16) {
    firstIsClient ? (destination, destinationPort) : (source, sourcePort)
  }
}
