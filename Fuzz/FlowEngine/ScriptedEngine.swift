// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

@testable import Flows

/// The engine under a script: that of sockets, by its pipeline, or that of packets, alone.
final class ScriptedEngine {
  private let isOfSockets: Bool
  private var pipeline: FlowPipeline
  private var packets: FlowEngine
  private var conversations: [Conversation]

  /// - Parameter first: says which, and how little room there is, a bit each.
  init(_ first: UInt8) {
    var limits = FlowLimits()
    limits.conversations = first & 2 != 0 ? 3 : 64
    limits.pendingCalls = first & 4 != 0 ? 6 : 256
    limits.pendingCallsPerConversation = first & 8 != 0 ? 3 : 64
    limits.pendingTextBytes = first & 16 != 0 ? 1_024 : 1 << 20
    limits.streamBytes = 512
    limits.batchCalls = first & 32 != 0 ? 2 : 4_096
    limits.rollupRowsPerSecond = first & 64 != 0 ? 4 : 256
    limits.idleBeforeEviction = 1_000_000
    isOfSockets = first & 1 == 0
    pipeline = FlowPipeline(limits: limits, protocols: Script.all)
    packets = FlowEngine(limits: limits, protocols: Script.all, source: .packet)
    conversations = (0..<4).map { Conversation(Self.event(.data, $0, 0, false, at: 0)) }
  }

  private static func event(
    _ kind: SocketEvent.Kind, _ conversation: Int, _ life: UInt64, _ isBack: Bool, at time: Int64
  ) -> SocketEvent {
    SocketEvent(
      kind: kind, direction: isBack ? .ingress : .egress, role: .client,
      socket: UInt64(conversation) + 4 * life + 1, transport: conversation == 3 ? .udp : .tcp,
      networkNamespace: 1, local: IPAddress(v4: 0x0a00_0001),
      localPort: 40_000 + UInt16(conversation), remote: IPAddress(v4: 0x0a00_0002),
      remotePort: 7_010, process: ProcessKey(pid: 9, startedAfterBoot: 1), thread: 9,
      threadName: ThreadName("script"), enter: Timestamp(nanoseconds: time),
      exit: Timestamp(nanoseconds: time), sequence: 0, length: 0)
  }

  func feed(
    _ conversation: Int, _ life: UInt64, _ isBack: Bool, _ payload: [UInt8], length: Int,
    _ sequence: UInt32, _ acknowledgement: UInt32, at time: Int64
  ) {
    guard !isOfSockets else {
      var event = Self.event(.data, conversation, life, isBack, at: time)
      event.sequence = sequence
      event.length = UInt32(length)
      return pipeline.feed(event, payload: payload.span)
    }
    var moment = Moment(
      packetAt: Timestamp(nanoseconds: time), isBack ? .ingress : .egress,
      acknowledgement: acknowledgement)
    if conversations[conversation].transport == .udp {
      packets.takeDatagram(
        payload.span, length: length, moment: &moment, in: &conversations[conversation],
        slot: conversation)
    } else {
      packets.takeSegment(
        payload.span, length: length, sequence: sequence, moment: &moment,
        in: &conversations[conversation], slot: conversation)
    }
    packets.readBacklog(of: &conversations[conversation], slot: conversation)
  }

  /// Bytes of packets that are known to be missing.
  func lose(_ conversation: Int, _ isBack: Bool, _ count: Int) {
    guard !isOfSockets, conversations[conversation].transport == .tcp else { return }
    packets.takeGap(
      count, because: .streamGap, isBack ? .ingress : .egress, in: &conversations[conversation],
      slot: conversation)
  }

  func end(
    _ conversation: Int, _ life: UInt64, _ isBack: Bool, isWhole: Bool, at time: Int64
  ) {
    guard !isOfSockets else {
      return pipeline.feed(
        Self.event(isWhole ? .closed : .opened, conversation, life, isBack, at: time),
        payload: Span())
    }
    guard isWhole else {
      return packets.endStream(
        isBack ? .ingress : .egress, in: &conversations[conversation], slot: conversation)
    }
    packets.close(
      &conversations[conversation], slot: conversation, at: Timestamp(nanoseconds: time))
    conversations[conversation] = Conversation(Self.event(.data, conversation, 0, false, at: time))
  }

  func flush(_ time: Int64) {
    let now = Timestamp(nanoseconds: time)
    guard !isOfSockets else {
      pipeline.flush(now: now)
      return
    }
    packets.askNow(&conversations)
    packets.expireCalls(of: &conversations, now: now)
    packets.emit(through: now)
  }

  /// Gives memory back; packets' conversations only move.
  func shrink(to bytes: Int, _ time: Int64) {
    guard !isOfSockets else {
      pipeline.shrink(to: bytes, now: Timestamp(nanoseconds: time))
      return
    }
    packets.conversationsMoved(SlotMoves(conversations.map { _ in true }), &conversations)
    packets.giveBack(everything: true)
  }

  func finish(_ time: Int64) {
    let now = Timestamp(nanoseconds: time)
    guard !isOfSockets else {
      pipeline.finish(now: now)
      return
    }
    for slot in conversations.indices { packets.close(&conversations[slot], slot: slot, at: now) }
    packets.emit(through: nil)
  }

  func takeBatch() -> RecordBatch {
    var batch = RecordBatch()
    if isOfSockets { pipeline.takeBatch(into: &batch) } else { swap(&batch, &packets.batch) }
    return batch
  }

  var tallies: FlowTallies { isOfSockets ? pipeline.tallies : packets.tallies }

  /// Requests that have not left.
  var heldRequests: Int {
    let slots = isOfSockets ? pipeline.engine.pending.slots : packets.pending.slots
    return slots.count { $0.state == .waiting || $0.state == .answering }
  }

  /// What of the pending calls is not as it must be.
  func disorder() -> String? {
    guard isOfSockets else { return packets.disorder(of: conversations) { _ in true } }
    return pipeline.engine.disorder(of: pipeline.table.slots) { pipeline.table.isUsed[$0] }
  }
}

extension FlowEngine {
  /// Emits the intervals that are over, or all.
  fileprivate mutating func emit(through now: Timestamp?) {
    if let now {
      rollup.close(now: now, into: &batch, tally: &tallies.rollup)
    } else {
      rollup.finish(into: &batch, tally: &tallies.rollup)
    }
  }

  /// What of the pending calls is not as it must be: the lists are the slots that wait, each slot is
  /// free, in one list, or what one stream has open.
  borrowing func disorder(of conversations: [Conversation], isUsed: (Int) -> Bool) -> String? {
    var seen = Set<Int>()
    for slot in conversations.indices where isUsed(slot) {
      var conversation = conversations[slot]
      var (number, previous, count) = (conversation.firstPending, PendingCalls.none, 0)
      while number != PendingCalls.none {
        let call = pending.slots[number]
        guard seen.insert(number).inserted else { return "call \(number) is in lists twice" }
        let mayBeListed = call.state == .waiting || call.state == .left || call.isIndexed
        guard mayBeListed, call.isLinked, call.conversation == slot, call.previous == previous
        else { return "call \(number) is in the list of \(slot)" }
        (previous, number, count) = (number, call.next, count + 1)
      }
      guard count == conversation.pendingCount, previous == conversation.lastPending else {
        return "the list of \(slot) has \(count) calls"
      }
      if conversation.early != PendingCalls.none,
        pending.slots[conversation.early].state != .early
          || !seen.insert(conversation.early).inserted
      {
        return "the early response of \(slot)"
      }
      for direction in [SocketEvent.Direction.egress, .ingress] {
        let open = conversation[direction].open
        guard open != PendingCalls.none else { continue }
        guard pending.slots[open].state != .free, pending.slots[open].conversation == slot else {
          return "a stream of \(slot) has a call open that is not its own"
        }
        if pending.slots[open].state == .answering, !seen.insert(open).inserted {
          return "call \(open) is open twice"
        }
      }
    }
    let free = Set(pending.free.map { Int($0) })
    guard free.count == pending.free.count, free.isDisjoint(with: seen),
      free.count + seen.count == pending.slots.count,
      free.allSatisfy({ pending.slots[$0].state == .free })
    else { return "\(free.count) free and \(seen.count) used of \(pending.slots.count) slots" }
    let unread = conversations.indices.filter(isUsed).reduce(0) { sum, slot in
      sum + conversations[slot].unreadBytes
    }
    guard unread == buffers.unread else { return "\(buffers.unread) of \(unread) bytes are unread" }
    guard pending.index.count == pending.slots.count(where: { $0.isIndexed }) else {
      return "\(pending.index.count) calls are indexed"
    }
    return nil
  }
}
