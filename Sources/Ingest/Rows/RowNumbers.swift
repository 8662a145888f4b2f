// SPDX-License-Identifier: Apache-2.0

/// Gives rows their `_id`: the row's second, the server, and a counter.
///
/// The counter goes on from segment to segment by what the journal counted, so a segment that is
/// written again gives its rows the same numbers.
struct RowNumbers: Hashable, Sendable {
  /// Below 1,024.
  let server: UInt64
  var counter: UInt64

  init(server: UInt16, counter: UInt64) {
    self.server = UInt64(server & 0x3ff)
    self.counter = counter
  }

  mutating func next(second: UInt32) -> UInt64 {
    defer { counter &+= 1 }
    return UInt64(second) << 32 | server << 22 | counter & 0x3f_ffff
  }
}
