// SPDX-License-Identifier: Apache-2.0

/// Texts that many conversations keep, each in one piece of memory: connections of one pool prepare the same
/// statements.
///
/// Whoever keeps a text holds it, here or not; so what is forgotten here is only found no more. Bounded by
/// its slots: a text takes the place of another.
struct SharedBytes: Sendable {
  static let slots = 1_024
  private var texts: [[UInt8]] = []

  /// The bytes, in memory that others may have, too.
  mutating func share(_ bytes: [UInt8]) -> [UInt8] {
    guard !bytes.isEmpty else { return bytes }
    if texts.isEmpty { texts = Array(repeating: [], count: Self.slots) }
    // FNV-1a: who aims at a slot gains nothing but that its texts are not shared.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & (Self.slots - 1)
    if texts[slot] == bytes { return texts[slot] }
    texts[slot] = bytes
    return bytes
  }
}
