// SPDX-License-Identifier: Apache-2.0

/// Finds slots of some array by hash: open addressing with linear probing.
///
/// Holds only hashes and slot numbers; the caller owns the slots and says which of the candidates it
/// means. Grows by doubling up to what its owner inserts, and is never iterated, so nothing depends
/// on the hash.
struct SlotIndex {
  /// Hash in the high half, slot in the low half; 0 is free, as no hash is 0.
  private var cells: [UInt64]
  private(set) var count = 0

  init(minimumCapacity: Int = 16) {
    var size = 16
    while size * 3 < minimumCapacity * 4 { size *= 2 }
    cells = Array(repeating: 0, count: size)
  }

  @inline(__always)
  private var mask: Int { cells.count - 1 }

  /// The first slot of this hash that `matches`.
  @inline(__always)
  func find(_ hash: UInt32, where matches: (Int) -> Bool) -> Int? {
    var position = Int(hash >> 1) & mask
    while true {
      let cell = cells[position]
      if cell == 0 { return nil }
      if UInt32(truncatingIfNeeded: cell >> 32) == hash {
        let slot = Int(UInt32(truncatingIfNeeded: cell))
        if matches(slot) { return slot }
      }
      position = (position &+ 1) & mask
    }
  }

  mutating func insert(_ hash: UInt32, slot: Int) {
    if (count + 1) * 4 > cells.count * 3 { grow() }
    place(UInt64(hash) << 32 | UInt64(UInt32(slot)))
    count += 1
  }

  private mutating func place(_ cell: UInt64) {
    var position = Int(cell >> 33) & mask
    while cells[position] != 0 { position = (position &+ 1) & mask }
    cells[position] = cell
  }

  private mutating func grow() {
    let old = cells
    cells = Array(repeating: 0, count: old.count * 2)
    for cell in old where cell != 0 { place(cell) }
  }

  /// Forgets one entry; nothing happens when it is not there.
  mutating func remove(_ hash: UInt32, slot: Int) {
    let wanted = UInt64(hash) << 32 | UInt64(UInt32(slot))
    var hole = Int(hash >> 1) & mask
    while cells[hole] != wanted {
      if cells[hole] == 0 { return }
      hole = (hole &+ 1) & mask
    }
    // Entries behind the hole move up unless that would take them before their home.
    var position = hole
    while true {
      position = (position &+ 1) & mask
      let cell = cells[position]
      if cell == 0 { break }
      let home = Int(cell >> 33) & mask
      if (position &- home) & mask >= (position &- hole) & mask {
        cells[hole] = cell
        hole = position
      }
    }
    cells[hole] = 0
    count -= 1
  }

  /// Gives back what it holds for more than twice its entries.
  mutating func giveBack() {
    var size = 16
    while size * 3 < count * 8 { size *= 2 }
    guard size * 2 < cells.count else { return }
    let old = cells
    cells = Array(repeating: 0, count: size)
    for cell in old where cell != 0 { place(cell) }
  }

  var footprint: Int { cells.heldBytes }

  mutating func removeAll() {
    guard count > 0 else { return }
    if cells.count > 1_024, count * 32 < cells.count {
      cells = Array(repeating: 0, count: cells.count / 8)
    } else {
      for position in cells.indices { cells[position] = 0 }
    }
    count = 0
  }
}
