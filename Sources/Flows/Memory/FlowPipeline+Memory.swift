// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension FlowPipeline {
  /// Bytes that its tables, buffers and batch hold, used or not; what parsers keep is estimated. Walks
  /// over all conversations: to be asked a few times a second at most.
  package var footprint: Int {
    var bytes = engine.footprint + table.footprint + engine.causality.footprint
    for slot in table.slots.indices where table.isUsed[slot] {
      bytes += table.slots[slot].heldBytes
    }
    return bytes
  }

  /// Gives memory back until the ``footprint`` is no more than `bytes`, where that can be: unused room
  /// first, then that of conversations, which end, those silent for longest first. Each is counted as
  /// shed load; calls that it has pending leave without their answers.
  ///
  /// For a guard of the process' memory, on the thread that feeds the pipeline, between two events. What
  /// is freed stays with the allocator until that is asked to give it back, too.
  ///
  /// - Returns: the footprint that is left.
  @discardableResult
  package mutating func shrink(to bytes: Int, now: Timestamp) -> Int {
    giveBack(everything: true)
    let left = footprint
    guard left > bytes else { return left }
    let idle = engine.idlest(
      of: table.slots, table.isUsed, giving: left - bytes,
      bytesPerSlot: (table.footprint + engine.causality.footprint) / max(1, table.count))
    for slot in idle {
      if table.slots[slot].state == .muted { engine.listenAgain(to: &table.slots[slot]) }
      close(slot, at: now)
      engine.tallies.conversations.lose(.shedLoad)
    }
    giveBack(everything: true)
    return footprint
  }

  /// Gives back what a burst took, if little of it is used, or in any case.
  mutating func giveBack(everything: Bool = false) {
    if everything || SlotTrim.isWorthIt(used: table.count, of: table.slots.count)
      || engine.isSparse
    {
      let moves = table.compact()
      engine.causality.moved(moves)
      engine.coverage.forgetOpenings()
      engine.conversationsMoved(moves, &table.slots)
      forgetSweep()
    }
    engine.giveBack(everything: everything)
  }
}
