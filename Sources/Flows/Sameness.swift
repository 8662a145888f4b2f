// SPDX-License-Identifier: Apache-2.0

import Telemetry

// Functions of another module are calls, whatever they are marked with, as long as they are package
// and their types are not usable from inline. What the tables compare for every event is compared here,
// in line.

extension ProcessKey {
  /// Whether the two are one run of one process.
  @inline(__always)
  func isSame(as other: ProcessKey) -> Bool {
    pid == other.pid && startedAfterBoot == other.startedAfterBoot
  }
}

extension SocketEvent {
  /// ``plane``, of the bit of ``Flags/tls``.
  @inline(__always)
  var ownPlane: Plane { flags.rawValue & 2 != 0 ? .plainText : .wire }
}

extension Plane {
  /// 0 for bytes of the wire, 1 for plain text.
  @inline(__always)
  var bit: UInt64 {
    switch self {
    case .wire: 0
    case .plainText: 1
    }
  }
}

extension SocketEvent.Role {
  @inline(__always)
  var isKnown: Bool {
    switch self {
    case .unknown: false
    case .client, .server: true
    }
  }
}

extension IPAddress {
  @inline(__always)
  func isSame(as other: IPAddress) -> Bool { high == other.high && low == other.low }
}
