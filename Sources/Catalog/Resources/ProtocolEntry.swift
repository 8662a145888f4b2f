// SPDX-License-Identifier: Apache-2.0

/// The name of a number in `l7_protocol`, as agents give it in their Hello.
package struct ProtocolEntry: Hashable, Sendable {
  package var number: UInt8
  /// As users write it: `HTTP`, `MySQL`.
  package var name: String

  package init(number: UInt8, name: String) {
    self.number = number
    self.name = name
  }
}
