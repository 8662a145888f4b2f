// SPDX-License-Identifier: Apache-2.0

/// A text is not the JSON that it should be.
package struct JSONFault: Error, Hashable, CustomStringConvertible {
  /// Bytes before the fault.
  package var offset: Int
  package var expected: String

  package var description: String { "byte \(offset): expected \(expected)" }
}
