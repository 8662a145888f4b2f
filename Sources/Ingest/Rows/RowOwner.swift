// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Which end of a metric a row of a one-sided table describes. The number is stored in `role`.
struct RowOwner: Sendable {
  enum Role: UInt8, Sendable {
    case client = 0
    case server = 1
    /// An end of a loopback flow, seen at the interface and not at either process.
    case local = 2
    /// An end that the observer is not near to.
    case rest = 3
  }

  var role: Role
  var isServer: Bool

  /// The rows that a metric makes. An observer at one end speaks for that end; one that sees both, or
  /// is near to neither, speaks for both, under roles of their own, so that nobody's traffic counts
  /// twice as a client's or a server's.
  static func owners(at point: ObservationPoint) -> [RowOwner] {
    switch point.rawValue & 7 {
    case 1: client
    case 2: server
    case 4: local
    default: rest
    }
  }

  private static let client = [RowOwner(role: .client, isServer: false)]
  private static let server = [RowOwner(role: .server, isServer: true)]
  private static let local = [
    RowOwner(role: .local, isServer: false), RowOwner(role: .local, isServer: true),
  ]
  private static let rest = [
    RowOwner(role: .rest, isServer: false), RowOwner(role: .rest, isServer: true),
  ]
}
