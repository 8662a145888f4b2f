// SPDX-License-Identifier: Apache-2.0

/// Why a replay ended before its end, in words for the person who started it.
package struct ReplayError: Error, Hashable, CustomStringConvertible {
  /// What to do about it differs: each kind has its exit code.
  package enum Kind: Hashable, Sendable {
    /// A file is not there, or may not be read.
    case input
    /// A file is not a capture, or is damaged from some place on.
    case damaged
    /// What was made could not be written.
    case output
    /// The server does not take what was made.
    case server
    /// The user stopped it.
    case interrupted
  }

  package var kind: Kind
  package var description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
