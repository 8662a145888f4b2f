// SPDX-License-Identifier: Apache-2.0

/// Somebody who sends telemetry and is no agent. Sources have numbers of their own.
package struct SourceEntry: Hashable, Sendable {
  package var number: UInt32
  /// As the sender calls itself.
  package var name: String

  package init(number: UInt32, name: String) {
    self.number = number
    self.name = name
  }
}
