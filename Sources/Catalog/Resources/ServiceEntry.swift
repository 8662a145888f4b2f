// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What an `auto_service_id` stands for.
package struct ServiceEntry: Hashable, Sendable {
  /// What kind of thing is numbered, as stored in `auto_service_type`. An open set.
  package struct Kind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// A public address that belongs to nothing known. Has no number; named by the row's address.
    package static let internet = Kind(rawValue: 0)
    /// A host of which the process is not known.
    package static let host = Kind(rawValue: 6)
    /// A process name, over all hosts.
    package static let process = Kind(rawValue: 120)
    /// Any other address. Has no number; named by the row's address.
    package static let address = Kind(rawValue: 255)

    /// Whether it says who an end is, and not only where: no address, machine or cluster.
    package var isNamed: Bool {
      ![ResourceKind.internet, .cloudHost, .host, .node, .cluster, .address]
        .contains(ResourceKind(rawValue: rawValue))
    }
  }

  /// From 1; stored in rows as `auto_service_id`.
  package var number: UInt32
  package var kind: Kind
  package var name: String

  package init(number: UInt32, kind: Kind, name: String) {
    self.number = number
    self.kind = kind
    self.name = name
  }
}
