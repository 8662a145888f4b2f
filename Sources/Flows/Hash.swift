// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// A keyed hash for the tables of this target: a multiply and a fold per word.
///
/// Not cryptographic; with a secret seed it is enough that a peer cannot aim its endpoints or ids at
/// one bucket blindly. No output order depends on it.
struct Hash {
  private var state: UInt64

  @inline(__always)
  init(seed: UInt64) { state = seed }

  @inline(__always)
  mutating func combine(_ word: UInt64) {
    let product = (state ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
    state = product.low ^ product.high &+ 0xe703_7ed1_a0b4_28db
  }

  @inline(__always)
  mutating func combine(_ address: IPAddress) {
    combine(address.high ^ (address.low << 1 | address.low >> 63))
    combine(address.low)
  }

  @inline(__always)
  mutating func combine(_ process: ProcessKey) {
    combine(UInt64(process.pid) << 32 ^ process.startedAfterBoot)
  }

  mutating func combine(_ bytes: Span<UInt8>) {
    var offset = 0
    while offset < bytes.count {
      combine(bytes.word(at: offset))
      offset += 8
    }
    combine(UInt64(bytes.count))
  }

  /// All of it, for tables that keep it in place of the key.
  @inline(__always)
  var wide: UInt64 {
    let product = state.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return product.high ^ product.low
  }

  /// Never 0 in the low half, which tables keep as the mark of a used cell.
  @inline(__always)
  var value: UInt32 {
    let product = state.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return UInt32(truncatingIfNeeded: product.high ^ product.low >> 32) | 1
  }
}
