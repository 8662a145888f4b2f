// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension PacketPipeline {
  /// Bytes that its tables, buffers and batch hold, used or not; what parsers keep is estimated. Walks
  /// over all conversations: to be asked a few times a second at most.
  package var footprint: Int {
    var bytes = reader.engine.footprint + reader.footprint + table.footprint
    bytes += assembler.footprint + streams.count * MemoryLayout<FlowStreams>.stride
    for slot in reader.conversations.indices where reader.isUsed[slot] {
      bytes += reader.conversations[slot].heldBytes
    }
    return bytes
  }

  /// Gives memory back until the ``footprint`` is no more than `bytes`, where that can be: unused room
  /// first, then that of conversations, which end, those silent for longest first. Each is counted as
  /// shed load, and taken up in its middle when its flow goes on; calls that it has pending leave without
  /// their answers. Flows, and their figures, are not touched.
  ///
  /// For a guard of the process' memory, on the thread that feeds the pipeline, between two packets. What
  /// is freed stays with the allocator until that is asked to give it back, too.
  ///
  /// - Returns: the footprint that is left.
  @discardableResult
  package mutating func shrink(to bytes: Int, now: Timestamp) -> Int {
    giveBack(everything: true)
    let left = footprint
    guard left > bytes else { return left }
    let idle = reader.engine.idlest(
      of: reader.conversations, reader.isUsed, giving: left - bytes,
      bytesPerSlot: reader.footprint / max(1, reader.count))
    for slot in idle {
      leave(Int(reader.flows[slot]), at: now)
      reader.engine.tallies.conversations.lose(.shedLoad)
    }
    tell()
    giveBack(everything: true)
    return footprint
  }

  /// Gives back what a burst took, if little of it is used, or in any case.
  mutating func giveBack(everything: Bool = false) {
    if everything || SlotTrim.isWorthIt(used: table.count, of: table.flows.count) {
      table.giveBack()
      let count = table.flows.count
      if streams.count > count { streams.cut(to: count) }
      assembler.waiting.removeAll { $0 >= count }
    }
    table.rollup.giveBack()
    assembler.giveBack()
    if everything || SlotTrim.isWorthIt(used: reader.count, of: reader.conversations.count)
      || reader.engine.isSparse
    {
      reader.compact(&streams)
    }
    reader.engine.giveBack(everything: everything)
  }
}
