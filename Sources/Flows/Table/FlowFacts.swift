// SPDX-License-Identifier: Apache-2.0

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
  /// The sender of the first packet is the server.
  static let reversed: UInt32 = 1 << 25
  /// It has figures of a second that were not counted yet.
  static let counting: UInt32 = 1 << 26
  /// Its slot is in ``FlowTable/counting``. Outlives the flow.
  static let listed: UInt32 = 1 << 27

  /// Its FIN was acknowledged, so that it is not sent again. Of a direction.
  static let finAcknowledged: UInt32 = 1 << 28

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

  mutating func set(_ fact: UInt32, to isSo: Bool) {
    if isSo { note(fact) } else { forget(fact) }
  }
}
