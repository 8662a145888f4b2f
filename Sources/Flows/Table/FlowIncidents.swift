// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What few seconds of a flow have: handshakes, ends and disorder, by direction of the packets.
struct FlowIncidents: PartialFigures {
  var roundTrip = LatencySamples()
  var roundTripClient = LatencySamples()
  var roundTripServer = LatencySamples()
  var retransmissions = BothWays<UInt32>(0)
  var zeroWindows = BothWays<UInt32>(0)
  var outOfOrder = BothWays<UInt32>(0)
  var syns: UInt32 = 0
  var synAcks: UInt32 = 0
  var synRetransmissions: UInt32 = 0
  var synAckRetransmissions: UInt32 = 0
  var fins: UInt32 = 0

  mutating func add(_ other: inout FlowIncidents) {
    roundTrip.add(other.roundTrip)
    roundTripClient.add(other.roundTripClient)
    roundTripServer.add(other.roundTripServer)
    for direction in 0...1 {
      retransmissions[direction] &+= other.retransmissions[direction]
      zeroWindows[direction] &+= other.zeroWindows[direction]
      outOfOrder[direction] &+= other.outOfOrder[direction]
    }
    syns &+= other.syns
    synAcks &+= other.synAcks
    synRetransmissions &+= other.synRetransmissions
    synAckRetransmissions &+= other.synAckRetransmissions
    fins &+= other.fins
  }

  func add(to figures: inout FlowFigures, client: Int) {
    let server = 1 - client
    roundTrip.add(to: &figures.roundTrip)
    roundTripClient.add(to: &figures.roundTripClient)
    roundTripServer.add(to: &figures.roundTripServer)
    figures.sentRetransmissions &+= retransmissions[client]
    figures.receivedRetransmissions &+= retransmissions[server]
    figures.sentZeroWindows &+= zeroWindows[client]
    figures.receivedZeroWindows &+= zeroWindows[server]
    figures.sentOutOfOrder &+= outOfOrder[client]
    figures.receivedOutOfOrder &+= outOfOrder[server]
    figures.syns &+= syns
    figures.synAcks &+= synAcks
    figures.synRetransmissions &+= synRetransmissions
    figures.synAckRetransmissions &+= synAckRetransmissions
    figures.fins &+= fins
  }
}
