// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The conversations by socket cookie and plane: a bounded array of slots that are reused.
struct ConversationTable {
  /// A slot is in use when `isUsed` says so; what a free one holds means nothing.
  var slots: [Conversation] = []
  private(set) var isUsed: [Bool] = []
  private var free: [UInt32] = []
  private var index = SlotIndex()
  private let seed: UInt64
  private let limit: Int
  /// Where the search for an idle conversation goes on.
  private var hand = 0

  init(limits: FlowLimits) {
    seed = limits.hashSeed
    limit = limits.conversations
  }

  var count: Int { slots.count - free.count }

  @inline(__always)
  private func hash(_ socket: UInt64, _ plane: Plane) -> UInt32 {
    var hash = Hash(seed: seed)
    // No cookie has its highest bits set.
    hash.combine(socket ^ plane.bit << 62)
    return hash.value
  }

  private func hash(of slot: Int) -> UInt32 { hash(slots[slot].socket, slots[slot].plane) }

  @inline(__always)
  func find(_ socket: UInt64, _ plane: Plane) -> Int? {
    index.find(hash(socket, plane)) {
      slots[$0].socket == socket && slots[$0].plane.bit == plane.bit
    }
  }

  /// A slot for a new conversation; nil when the table is full.
  mutating func insert(_ conversation: Conversation) -> Int? {
    let slot: Int
    if let reused = free.popLast() {
      slot = Int(reused)
      slots[slot] = conversation
      isUsed[slot] = true
    } else {
      guard slots.count < limit else { return nil }
      slot = slots.count
      slots.append(conversation)
      isUsed.append(true)
    }
    index.insert(hash(of: slot), slot: slot)
    return slot
  }

  /// Gives the slot back. Its buffers and calls must have been released.
  mutating func remove(_ slot: Int) {
    index.remove(hash(of: slot), slot: slot)
    slots[slot].parser = nil
    isUsed[slot] = false
    free.append(UInt32(slot))
  }

  /// Moves the conversations to the front, in no more memory than they need; where each is now.
  mutating func compact() -> SlotMoves {
    let moves = SlotMoves(isUsed)
    slots = moves.apply(to: slots)
    isUsed = Array(repeating: true, count: slots.count)
    free = []
    hand = 0
    index = SlotIndex(minimumCapacity: slots.count)
    for slot in slots.indices { index.insert(hash(of: slot), slot: slot) }
    return moves
  }

  var footprint: Int { slots.heldBytes + index.footprint }

  /// Of the next few conversations one that is over, or the one that is silent for longest, if it is
  /// since `time`.
  mutating func evictionCandidate(silentSince time: Timestamp) -> Int? {
    var best: Int?
    for _ in 0..<min(16, slots.count) {
      hand = hand + 1 < slots.count ? hand + 1 : 0
      if isUsed[hand], best.map({ slots[hand].isWorthLess(than: slots[$0]) }) ?? true {
        best = hand
      }
    }
    guard let best, slots[best].isOver || slots[best].lastActive <= time else { return nil }
    return best
  }
}
