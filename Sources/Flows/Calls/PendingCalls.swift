// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// The calls that are not finished: a bounded pool of slots, grown to what is needed at a time.
struct PendingCalls {
  enum State: UInt8 {
    case free
    /// A request that waits for its answer; in its conversation's list once it is linked.
    case waiting
    /// A request whose answer has begun: ended by its stream's `open`, or, where it is one of several
    /// that go on beside each other, by its id, and in its conversation's list until then.
    case answering
    /// A request that has left without its answer, which may still come: in its conversation's list, for
    /// what it left its parser to know.
    case left
    /// A response that came before its request; the conversation's `early`.
    case early
  }

  struct Call {
    var record: CallRecord
    /// What the record's texts point into.
    var text = TextPool.Chain()
    var state = State.waiting
    /// Which way its first message went: the other way comes the answer.
    var direction = SocketEvent.Direction.egress
    /// The request is left unanswered by design.
    var mayBlock = false
    /// It is a request only if it is answered.
    var needsAnswer = false
    /// It was sent to a group, of which nobody needs to answer.
    var isToGroup = false
    var question: MessageQuestion?
    /// By what it is found, where that is not its place in the list; and what it left for its answer.
    var exchange: UInt64?
    var note: UInt64 = 0
    /// Bytes were lost among which its answer may have been.
    var isDoubtful = false
    var conversation: Int
    /// When it is given up, by the time of its state.
    var deadline: Timestamp
    /// When its answer began; means nothing before `answering`.
    var answered = Timestamp(nanoseconds: 0)
    /// Of the conversation and the request's id; used when `isIndexed`.
    var hash: UInt32 = 0
    var isIndexed = false
    /// Whether it is in its conversation's list.
    var isLinked = false
    var next = PendingCalls.none
    var previous = PendingCalls.none

    /// Makes it one that waits, is in no list, and of which nothing is known but this.
    fileprivate mutating func reset(
      conversation: Int, _ direction: SocketEvent.Direction, text: TextPool.Chain
    ) {
      self.text = text
      state = .waiting
      self.direction = direction
      (mayBlock, isDoubtful, needsAnswer, isToGroup) = (false, false, false, false)
      question = nil
      exchange = nil
      note = 0
      self.conversation = conversation
      isIndexed = false
    }

    /// Takes what a request says beside what its record holds.
    mutating func wait(_ message: inout Message, until deadline: Timestamp) {
      self.deadline = deadline
      note = message.note
      mayBlock = message.mayBlock
      needsAnswer = message.needsAnswer
      question = message.question
    }

    /// Frees it, once it is in no list and holds no text.
    fileprivate mutating func free() {
      state = .free
      (previous, next) = (PendingCalls.none, PendingCalls.none)
    }

    /// Takes it out of its list; where that goes on before and behind it.
    fileprivate mutating func unlink() -> (previous: Int, next: Int) {
      precondition(isLinked, "what is taken out of a list is in it")
      isLinked = false
      defer { (previous, next) = (PendingCalls.none, PendingCalls.none) }
      return (previous, next)
    }
  }

  /// The slot number that means no slot.
  static let none = Int.max

  var slots: [Call] = []
  var index = SlotIndex()
  var text: TextPool
  private(set) var free: [UInt32] = []
  /// Conversations with ``manyPending`` waiting calls or more; some may have fewer by now.
  var busy: [UInt32] = []
  /// Where the search for a call that waited long goes on.
  var hand = 0
  private let limit: Int
  /// Slots, and bytes of text, that are kept free for what one event may bring.
  private let spare: Int
  private let spareText: Int

  /// Waiting calls from which on a conversation is looked at when room is wanted.
  static let manyPending = 32

  init(limits: FlowLimits) {
    limit = limits.pendingCalls
    spare = min(limits.pendingCallsPerConversation, limit / 8)
    spareText = limits.pendingTextBytes / 16
    text = TextPool(limit: limits.pendingTextBytes)
  }

  var count: Int { slots.count - free.count }

  /// Whether there may not be room for all that the next event brings.
  @inline(__always)
  var isCrowded: Bool { limit - count < spare || text.room < spareText || busy.count > 4_096 }

  /// A slot for a waiting call of this conversation, in no list yet, whose first message goes the way
  /// of `direction`, and that holds a copy of `texts`; its record is for the caller to set. Nil when
  /// there is no room.
  mutating func reserve(
    conversation: Int, _ direction: SocketEvent.Direction, texts: inout FieldBuffer
  ) -> Int? {
    guard !free.isEmpty || slots.count < limit else { return nil }
    var chain = TextPool.Chain()
    guard text.append(texts.bytes, to: &chain) else { return nil }
    let slot: Int
    if let reused = free.popLast() {
      slot = Int(reused)
    } else {
      slot = slots.count
      slots.append(Call(record: Self.blank, conversation: 0, deadline: Self.blank.start))
    }
    slots[slot].reset(conversation: conversation, direction, text: chain)
    return slot
  }

  static let blank = CallRecord(
    client: CallEnd(address: .unspecified, port: 0),
    server: CallEnd(address: .unspecified, port: 0), start: Timestamp(nanoseconds: 0),
    end: Timestamp(nanoseconds: 0))

  /// Adds to the text of the call in `slot`; false, and nothing done, when there is no room.
  mutating func append(_ texts: inout FieldBuffer, to slot: Int) -> Bool {
    texts.count == 0 || text.append(texts.bytes, to: &slots[slot].text)
  }

  mutating func append(_ bytes: [UInt8], to slot: Int) -> Bool {
    text.append(bytes.span, to: &slots[slot].text)
  }

  /// Frees the slot; it must be in no list any more.
  mutating func release(_ slot: Int) {
    precondition(
      slots[slot].state != .free && !slots[slot].isLinked, "a slot is freed once, out of its list")
    forgetExchange(slot)
    text.release(&slots[slot].text)
    slots[slot].free()
    free.append(UInt32(slot))
  }

  /// Keeps of a waiting call that was written its place in the list, and what it left.
  mutating func leave(_ slot: Int) {
    forgetExchange(slot)
    text.release(&slots[slot].text)
    slots[slot].state = .left
  }

  /// Takes the call out of those that are found by their id.
  mutating func forgetExchange(_ slot: Int) {
    guard slots[slot].isIndexed else { return }
    index.remove(slots[slot].hash, slot: slot)
    slots[slot].isIndexed = false
  }

  /// Replaces all slots by those in use, whose texts are copied, in no more memory than they need. Their
  /// conversations are where they are to be, and their links too; ids are found by `hash`.
  mutating func compact(_ kept: consuming [Call], hash: (_ id: UInt64, _ slot: Int) -> UInt32) {
    slots = kept
    free = []
    index = SlotIndex()
    hand = 0
    var pool = text.emptied
    var bytes: [UInt8] = []
    for number in slots.indices {
      bytes.removeAll(keepingCapacity: true)
      text.copy(slots[number].text, into: &bytes)
      var chain = TextPool.Chain()
      let hasRoom = pool.append(bytes.span, to: &chain)
      precondition(hasRoom, "what one pool held fits into another of its size")
      slots[number].text = chain
      guard slots[number].isIndexed, let id = slots[number].exchange else { continue }
      slots[number].hash = hash(id, slots[number].conversation)
      index.insert(slots[number].hash, slot: number)
    }
    text = pool
  }

  var footprint: Int { slots.heldBytes + index.footprint + text.footprint }

  /// Puts a waiting call at the end of its conversation's list.
  @inline(__always)
  mutating func link(_ slot: Int, in conversation: inout Conversation) {
    precondition(
      slots[slot].state == .waiting && !slots[slot].isLinked, "what waits is in one list, once")
    slots[slot].isLinked = true
    slots[slot].previous = conversation.lastPending
    slots[slot].next = Self.none
    if conversation.lastPending == Self.none {
      conversation.firstPending = slot
    } else {
      slots[conversation.lastPending].next = slot
    }
    conversation.lastPending = slot
    conversation.pendingCount += 1
    if conversation.pendingCount >= Self.manyPending, !conversation.isBusy {
      conversation.isBusy = true
      busy.append(UInt32(slots[slot].conversation))
    }
  }

  /// Takes a waiting call out of its conversation's list.
  @inline(__always)
  mutating func unlink(_ slot: Int, from conversation: inout Conversation) {
    let (previous, next) = slots[slot].unlink()
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
