// SPDX-License-Identifier: Apache-2.0

/// What records of one trace have in common, as a number of 32 bits: who writes rows and who looks for
/// them make it in the same way.
package struct TraceKey: Hashable, Sendable {
  package enum Kind: UInt64, Hashable, Sendable {
    /// TCP sequence numbers of a request, and of a response whose request was not seen.
    case request = 1
    case response
    /// The protocol's own id, where there are no sequence numbers.
    case datagram
    /// A chain of system calls of one agent.
    case chain
    case trace
    /// An X-Request-ID.
    case identifier
  }

  package var hash: UInt32

  package init(_ kind: Kind, _ number: UInt64, agent: UInt64 = 0) {
    hash = Self.folded(number ^ Self.spread(kind.rawValue << 32 | agent))
  }

  package init(_ kind: Kind, _ text: Span<UInt8>) {
    var state = kind.rawValue
    for index in text.indices { state = Self.step(state, text[index]) }
    hash = Self.folded(state)
  }

  package init(_ kind: Kind, _ text: String) {
    var state = kind.rawValue
    for byte in text.utf8 { state = Self.step(state, byte) }
    hash = Self.folded(state)
  }

  /// FNV-1a's step.
  @inline(__always)
  private static func step(_ state: UInt64, _ byte: UInt8) -> UInt64 {
    ((state ^ 0xcbf2_9ce4_8422_2325) ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  private static func spread(_ value: UInt64) -> UInt64 {
    var value = value &* 0x9e37_79b9_7f4a_7c15
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  private static func folded(_ value: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: spread(value) >> 32)
  }
}
