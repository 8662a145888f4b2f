// SPDX-License-Identifier: Apache-2.0

/// What the numbers in rows stand for, as the catalog knew it at one moment.
///
/// A tag set never changes once it was given out, so any moment after the rows were written will do.
/// A tag set with a value for `auto_service` has an `auto_service_id` other than 0.
package protocol TagDirectory: Sendable {
  /// Every tag set there is, ascending, without 0 (unknown).
  var tagSetIDs: [UInt32] { get }
  /// The value of the tag declared as `name` (no side's suffix) in the tag set; empty when it has
  /// none or the tag set is not known.
  func value(of name: String, in tagSet: UInt32) -> String
  /// The application protocols by number, as the parsers' descriptors name them.
  var protocolNames: [ProtocolName] { get }
}

/// An application protocol as `l7_protocol` stores and shows it.
package struct ProtocolName: Hashable, Sendable {
  package var number: Int
  package var name: String

  package init(_ number: Int, _ name: String) {
    self.number = number
    self.name = name
  }
}
