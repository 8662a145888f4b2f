// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

extension FlowEngine {
  /// Bytes held by what all conversations share.
  var footprint: Int {
    pending.footprint + rollup.footprint + buffers.footprint + batch.heldBytes + backlogBytes
      + heldBytes
  }

  /// The conversations to end so that `bytes` are given back, those silent for longest first.
  ///
  /// - Parameter bytesPerSlot: what the tables around a conversation take for it, by and large.
  func idlest(
    of conversations: [Conversation], _ isUsed: [Bool], giving bytes: Int, bytesPerSlot: Int
  ) -> [Int] {
    var idle = conversations.indices.filter { isUsed[$0] }.map {
      (last: conversations[$0].lastActive, slot: $0)
    }
    idle.sort { $0 < $1 }
    let bytesPerCall = pending.footprint / max(1, pending.count)
    var given = 0
    var count = 0
    while count < idle.count, given < bytes {
      let conversation = conversations[idle[count].slot]
      given += conversation.heldBytes + bytesPerSlot + conversation.pendingCount * bytesPerCall
      count += 1
    }
    return idle[..<count].map(\.slot)
  }

  /// Whether few of the slots for calls are in use.
  var isSparse: Bool { SlotTrim.isWorthIt(used: pending.count, of: pending.slots.count) }

  /// Gives back what was not needed lately, or all that is not needed now.
  mutating func giveBack(everything: Bool) {
    if everything { buffers.empty() } else { buffers.giveBack() }
    rollup.giveBack(everything: everything)
    if scratch.capacity > 65_536 { scratch = [] }
    if written.isEmpty, written.capacity > 4_096 { written = [] }
    if verdicts.isEmpty, verdicts.capacity > 4_096 { verdicts = [] }
  }

  /// Follows the conversations to their new slots, and moves the calls to the front of theirs, in no more
  /// memory than they need.
  mutating func conversationsMoved(
    _ moves: borrowing SlotMoves, _ conversations: inout [Conversation]
  ) {
    waiting = moves.follow(waiting)
    unasked = moves.follow(unasked)
    pending.busy = moves.follow(pending.busy.map { Int($0) }).map { UInt32($0) }
    backlogHand = 0
    let calls = SlotMoves(pending.slots.map { $0.state != .free })
    var kept = calls.apply(to: pending.slots)
    for number in kept.indices {
      kept[number].conversation = moves.place(of: kept[number].conversation)
      kept[number].next = calls.place(of: kept[number].next)
      kept[number].previous = calls.place(of: kept[number].previous)
    }
    for slot in conversations.indices { conversations[slot].callsMoved(calls) }
    let seed = limits.hashSeed
    pending.compact(kept) { Self.hash($0, slot: $1, seed) }
  }
}

extension Conversation {
  fileprivate mutating func callsMoved(_ moves: borrowing SlotMoves) {
    firstPending = moves.place(of: firstPending)
    lastPending = moves.place(of: lastPending)
    early = moves.place(of: early)
    for direction in [SocketEvent.Direction.egress, .ingress] {
      self[direction].open = moves.place(of: self[direction].open)
    }
  }
}

extension Conversation {
  /// Bytes it holds beside its slot and its calls.
  var heldBytes: Int {
    (parser?.heldBytes ?? 0) + streamBytes
  }
}

extension RecordBatch {
  /// Bytes of its buffers.
  var heldBytes: Int {
    text.heldBytes + calls.heldBytes + metrics.heldBytes + flows.heldBytes
      + networkMetrics.heldBytes
  }
}

/// What batches needed lately, so that one that was large for a while is small again.
struct BatchSizes {
  private var peaks = InlineArray<5, Int>(repeating: 0)

  /// Empties `batch` for use, with the buffers that the last batches needed: `made`, the one that
  /// is handed over for it, is the latest.
  mutating func empty(_ batch: inout RecordBatch, after made: borrowing RecordBatch) {
    note(0, made.text.count)
    note(1, made.calls.count)
    note(2, made.metrics.count)
    note(3, made.flows.count)
    note(4, made.networkMetrics.count)
    batch.removeAll()
    if isTooLarge(batch.text.capacity, 0) { batch.text = [] }
    if isTooLarge(batch.calls.capacity, 1) { batch.calls = [] }
    if isTooLarge(batch.metrics.capacity, 2) { batch.metrics = [] }
    if isTooLarge(batch.flows.capacity, 3) { batch.flows = [] }
    if isTooLarge(batch.networkMetrics.capacity, 4) { batch.networkMetrics = [] }
  }

  /// The peak falls by a quarter with each batch: two a second, so to an eighth within four seconds.
  private mutating func note(_ kind: Int, _ count: Int) {
    peaks[kind] = max(count, peaks[kind] - peaks[kind] / 4 - 1)
  }

  private func isTooLarge(_ capacity: Int, _ kind: Int) -> Bool {
    capacity > max(1_024, 4 * peaks[kind])
  }
}
