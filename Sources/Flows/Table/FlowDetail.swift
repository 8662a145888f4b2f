// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What few packets of a flow touch: what it was when it began, and the report being gathered.
struct FlowDetail: BitwiseCopyable {
  /// The flow's first packet, and that of this report (`Int64.max` before there is one).
  var start = Timestamp(nanoseconds: 0)
  var reportStart: Int64 = .max
  /// First SYN and first SYN/ACK.
  var synTime = Timestamp(nanoseconds: 0)
  var synAckTime = Timestamp(nanoseconds: 0)
  var synSequence: UInt32 = 0
  var synAckSequence: UInt32 = 0
  /// The first byte of each direction.
  var first = BothWays<UInt32>(0)
  var keepaliveSequence: UInt32 = 0
  var keepaliveAcknowledgement: UInt32 = 0
  /// Link addresses, and what is near, of the senders of each direction.
  var link = BothWays(LinkAddress.none)
  var isNearLink = BothWays(false)
  var isNearNetwork = BothWays(false)
  var isGuest = BothWays(false)
  /// Identification of each direction's first packet.
  var identification = BothWays<UInt16>(0)
  var etherType: UInt16 = 0
  var vlan: UInt16 = 0
  var applicationProtocol: ApplicationProtocol = .unknown

  /// Its pair in the network figures, and places in the pools of the table.
  var pair: UInt32 = .max
  var extra: UInt32 = .max
  var gaps = BothWays<UInt32>(.max)
  var echoes: UInt32 = .max

  /// Since the flow began, without the open second; and where those of this report stand, likewise.
  var totalPackets = BothWays<UInt64>(0)
  var totalBytes = BothWays<UInt64>(0)
  var report: UInt32 = .max

  init(_ packet: inout DecodedPacket) {
    start = packet.time
    link[0] = packet.sourceLink
    link[1] = packet.destinationLink
    etherType = packet.etherType
    vlan = packet.vlan
  }

  /// Adds the traffic of a second.
  mutating func add(_ counters: inout FlowCounters) {
    for direction in 0...1 {
      totalPackets[direction] &+= counters.traffic[direction].packets
      totalBytes[direction] &+= counters.traffic[direction].bytes
    }
  }
}

/// What only some flows have.
struct FlowExtra {
  /// The outermost tunnel of each direction.
  var tunnel = BothWays(Tunnel())
  /// Addresses before translation, as each direction's sender told.
  var realAddress = BothWays(IPAddress.unspecified)
  var realPort = BothWays<UInt16>(0)
  var domain = TextPool.Chain()
}
