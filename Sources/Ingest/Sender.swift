// SPDX-License-Identifier: Apache-2.0

/// Who sent a body: an agent, or a source. Each kind has numbers of its own, which the catalog gives.
package struct Sender: Hashable, Sendable, BitwiseCopyable {
  /// The number stands in the journal.
  package enum Kind: UInt8, Hashable, Sendable, BitwiseCopyable {
    case agent = 0
    /// Anybody else; what it sends bears no sequence numbers and is stored at least once.
    case source = 1
  }

  package var kind: Kind
  package var number: UInt32

  package init(_ kind: Kind, _ number: UInt32) {
    self.kind = kind
    self.number = number
  }

  package static func agent(_ number: UInt16) -> Sender { Sender(.agent, UInt32(number)) }
  package static func source(_ number: UInt32) -> Sender { Sender(.source, number) }

  /// What stands in `agent_id` of its rows, and whose processes they speak of: nobody's, and 0, for a
  /// source.
  package var agent: UInt16 { kind == .agent ? UInt16(truncatingIfNeeded: number) : 0 }
}

extension Sender: Comparable {
  package static func < (a: Sender, b: Sender) -> Bool {
    (a.kind.rawValue, a.number) < (b.kind.rawValue, b.number)
  }
}
