// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What few packets of a flow touch: what it was when it began, and the report being gathered.
struct FlowDetail: BitwiseCopyable {
  var id: UInt64 = 0
  /// The flow's first packet, and that of this report (`Int64.max` before there is one).
  var start = Timestamp(nanoseconds: 0)
  var reportStart: Int64 = .max
  /// When the next report of a flow that goes on is due.
  var reportDue: Int64 = 0
  /// The second that ``Flow/traffic`` counts in, since the epoch; when one is open.
  var second: Int64 = 0
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
  /// The phase that a reset ended.
  var resetPhase: Flow.Phase = .other
  /// How sure the direction is, 0 to 255.
  var directionScore: UInt8 = 0
  var observationPoint: ObservationPoint = .rest

  /// Its pair in the network figures, and places in the pools of the table.
  var pair: UInt32 = .max
  var extra: UInt32 = .max
  /// The first host or name that was asked for, in ``FlowTable/domains``.
  var domain = SharedTexts.none
  var gaps = BothWays<UInt32>(.max)
  var echoes: UInt32 = .max
  /// The place of what befell it in the open second.
  var incidents: UInt32 = .max

  /// Of the seconds of this report that were counted.
  var report = ReportFigures()
  /// Of the reports before this one.
  var reportedPackets = BothWays<UInt64>(0)
  var reportedBytes = BothWays<UInt64>(0)

  /// That of a slot that was never used.
  init() {}

  init(_ packet: inout DecodedPacket, id: UInt64, reportInterval: Int64) {
    self.id = id
    start = packet.time
    reportDue = packet.time.nanoseconds &+ reportInterval
    link[0] = packet.sourceLink
    link[1] = packet.destinationLink
    etherType = packet.etherType
    vlan = packet.vlan
  }
}

/// What a report has gathered, by direction of the packets.
struct ReportFigures: BitwiseCopyable {
  var traffic = BothWays(FlowTraffic())
  /// Places in the pools of the table.
  var samples: UInt32 = .max
  var incidents: UInt32 = .max

  var isEmpty: Bool { traffic[0].packets == 0 && traffic[1].packets == 0 }
}

/// What only some flows have.
struct FlowExtra {
  /// The outermost tunnel of each direction.
  var tunnel = BothWays(Tunnel())
  /// Addresses before translation, as each direction's sender told.
  var realAddress = BothWays(IPAddress.unspecified)
  var realPort = BothWays<UInt16>(0)
  /// Where ``TunnelDirections`` has the flow; 0 when it has not.
  var looseHash: UInt32 = 0
}
