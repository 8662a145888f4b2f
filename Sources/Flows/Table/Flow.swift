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
  /// When the next report of a flow that goes on is due.
  var reportDue: Int64 = 0
  var id: UInt64 = 0
  var hash: UInt32 = 0
  /// Its figures of the second; `Pool.none` when it has none that were not counted.
  var second: UInt32 = .max

  // TCP; `track` and `dataTime` serve datagrams too.
  /// The number that the next byte of each direction will have.
  var next = BothWays<UInt32>(0)
  /// All flags of the packets of each direction in this report.
  var flags = BothWays<UInt16>(0)
  var facts = FlowFacts()
  /// The last packet with data; the handshake's last before there was any.
  var dataTime = Timestamp(nanoseconds: 0)
  var track = TurnTrack()
  var phase: Phase = .other
  /// The phase that a reset ended.
  var resetPhase: Phase = .other

  /// How sure the direction is, 0 to 255.
  var directionScore: UInt8 = 0
  var observationPoint: ObservationPoint = .rest

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

/// What happened in a flow, once and for all: a bit each. Facts of one direction have a bit for
/// either: the second is the first's left neighbour.
struct FlowFacts: BitwiseCopyable {
  private var bits: UInt32 = 0

  static let syn: UInt32 = 1 << 0
  static let synAck: UInt32 = 1 << 2
  static let fin: UInt32 = 1 << 4
  static let rst: UInt32 = 1 << 6
  static let data: UInt32 = 1 << 8
  /// Sent anything but SYN, SYN/ACK and RST.
  static let spoke: UInt32 = 1 << 10
  /// Sent any packet.
  static let seen: UInt32 = 1 << 12
  /// What its next byte's number is, is known.
  static let numbered: UInt32 = 1 << 14

  // Not of a direction.
  /// The answer to a SYN was of another connection.
  static let foreignAnswer: UInt32 = 1 << 16
  /// SYN/ACK was repeated although it was acknowledged.
  static let synAckAgain: UInt32 = 1 << 17
  /// SYN came behind SYN/ACK: times of this handshake mean nothing.
  static let disordered: UInt32 = 1 << 18
  /// The last call was answered well, and none waits.
  static let goodAnswer: UInt32 = 1 << 19
  /// Another connection took the ports.
  static let superseded: UInt32 = 1 << 20
  /// It did not end: the observer did.
  static let stopped: UInt32 = 1 << 21
  /// A report of it was written.
  static let reported: UInt32 = 1 << 22
  /// Its beginning was counted in the network figures.
  static let counted: UInt32 = 1 << 23
  /// It is one of the open flows of its pair in the network figures.
  static let joined: UInt32 = 1 << 24

  @inline(__always)
  func has(_ fact: UInt32) -> Bool { bits & fact != 0 }

  @inline(__always)
  func has(_ fact: UInt32, _ direction: Int) -> Bool {
    bits & fact << UInt32(truncatingIfNeeded: direction) != 0
  }

  /// Whether all of these facts of a direction are so.
  @inline(__always)
  func hasAll(_ wanted: UInt32, _ direction: Int) -> Bool {
    bits >> UInt32(truncatingIfNeeded: direction) & wanted == wanted
  }

  /// Whether it is so in either direction.
  func hasEither(_ fact: UInt32) -> Bool { bits & (fact | fact << 1) != 0 }

  @inline(__always)
  mutating func note(_ fact: UInt32) { bits |= fact }

  @inline(__always)
  mutating func note(_ fact: UInt32, _ direction: Int) {
    bits |= fact << UInt32(truncatingIfNeeded: direction)
  }

  mutating func forget(_ fact: UInt32) { bits &= ~fact }
}

/// Whose turn it is: what the latencies of system, application and client begin with.
struct TurnTrack: BitwiseCopyable {
  /// What the last packet of each direction was.
  var kind = BothWays<Kind>(.none)
  /// Who sent the last packet.
  var lastPacket: UInt8 = 2
  /// Who sent the last data, 0 or 1; ``handshake`` and ``nobody`` before there was any.
  var lastData: UInt8 = TurnTrack.nobody

  static let nobody: UInt8 = 2
  /// A handshake was seen, whole, and no data since.
  static let handshake: UInt8 = 3

  enum Kind: UInt8 {
    case none
    case data
    /// Data with PSH.
    case push
    /// An acknowledgement without data.
    case acknowledgement
    /// Anything that is neither, after which no latency is taken.
    case other
  }
}
