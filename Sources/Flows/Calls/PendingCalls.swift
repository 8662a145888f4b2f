// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The calls that are not finished: a bounded pool of slots, grown to what is needed at a time.
struct PendingCalls {
  enum State: UInt8 {
    case free
    /// A request that waits for its answer; in its conversation's list.
    case waiting
    /// A request whose answer has begun; in no list, ended by its stream's `open`.
    case answering
    /// A response that came before its request; the conversation's `early`.
    case early
  }

  struct Call {
    var record: CallRecord
    /// What the record's texts point into.
    var text = TextPool.Chain()
    var state = State.waiting
    /// The request is left unanswered by design.
    var mayBlock = false
    var conversation: Int
    /// When it is given up, by the time of its state.
    var deadline: Timestamp
    /// Of the conversation and the request's id; used when `isIndexed`.
    var hash: UInt32 = 0
    var isIndexed = false
    var next = PendingCalls.none
    var previous = PendingCalls.none
  }

  /// The slot number that means no slot.
  static let none = Int.max

  var slots: [Call] = []
  var index = SlotIndex()
  var text: TextPool
  private var free: [UInt32] = []
  private let limit: Int

  init(limits: FlowLimits) {
    limit = limits.pendingCalls
    text = TextPool(limit: limits.pendingTextBytes)
  }

  var count: Int { slots.count - free.count }

  /// A slot that holds `call` and a copy of `bytes`; nil when there is no room for either.
  mutating func insert(_ call: consuming Call, bytes: [UInt8]) -> Int? {
    guard !free.isEmpty || slots.count < limit, text.append(bytes, to: &call.text) else {
      return nil
    }
    guard let slot = free.popLast() else {
      slots.append(call)
      return slots.count - 1
    }
    slots[Int(slot)] = call
    return Int(slot)
  }

  /// Adds to the text of the call in `slot`; false, and nothing done, when there is no room.
  mutating func append(_ bytes: [UInt8], to slot: Int) -> Bool {
    text.append(bytes, to: &slots[slot].text)
  }

  /// Frees the slot; it must be in no list any more.
  mutating func release(_ slot: Int) {
    if slots[slot].isIndexed {
      index.remove(slots[slot].hash, slot: slot)
      slots[slot].isIndexed = false
    }
    text.release(&slots[slot].text)
    slots[slot].state = .free
    free.append(UInt32(slot))
  }

  /// Puts a waiting call at the end of its conversation's list.
  @inline(__always)
  mutating func link(_ slot: Int, in conversation: inout Conversation) {
    slots[slot].previous = conversation.lastPending
    slots[slot].next = Self.none
    if conversation.lastPending == Self.none {
      conversation.firstPending = slot
    } else {
      slots[conversation.lastPending].next = slot
    }
    conversation.lastPending = slot
    conversation.pendingCount += 1
  }

  @inline(__always)
  mutating func unlink(_ slot: Int, from conversation: inout Conversation) {
    let (previous, next) = (slots[slot].previous, slots[slot].next)
    if previous == Self.none {
      conversation.firstPending = next
    } else {
      slots[previous].next = next
    }
    if next == Self.none {
      conversation.lastPending = previous
    } else {
      slots[next].previous = previous
    }
    conversation.pendingCount -= 1
  }
}
