// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The conversations of flows, and the engine that reads them.
///
/// A conversation exists from a flow's first payload until no more of it is to be read, so that flows
/// without any, and those of unknown protocols, cost nothing.
struct PacketReader: ~Copyable, SegmentSink {
  var engine: FlowEngine
  /// What a free slot holds means nothing.
  var conversations: [Conversation] = []
  /// Per conversation: the flow's slot, and whether it is in use.
  private(set) var flows: [UInt32] = []
  private(set) var isUsed: [Bool] = []
  /// Where the search for a conversation that gives way goes on.
  private var hand = 0
  private var free: [UInt32] = []
  private let limit: Int
  /// Conversations whose protocol was found since the owner looked.
  var recognised: [Int] = []

  init(engine: consuming FlowEngine) {
    limit = engine.limits.conversations
    self.engine = engine
  }

  var count: Int { conversations.count - free.count }

  /// Moves the conversations to the front, in no more memory than they need, and tells their flows.
  mutating func compact(_ streams: inout [FlowStreams]) {
    let moves = SlotMoves(isUsed)
    conversations = moves.apply(to: conversations)
    flows = moves.apply(to: flows)
    isUsed = Array(repeating: true, count: flows.count)
    free = []
    hand = 0
    for slot in flows.indices { streams[Int(flows[slot])].conversation = UInt32(slot) }
    engine.conversationsMoved(moves, &conversations)
  }

  var footprint: Int { conversations.heldBytes + flows.heldBytes }

  var isFull: Bool { free.isEmpty && conversations.count >= limit }

  /// The flow whose conversation gives way to a new one: of the next few one that is over, or the one
  /// silent for longest, if it is since `time`.
  mutating func evictionCandidate(silentSince time: Timestamp) -> Int? {
    var best: Int?
    for _ in 0..<min(16, conversations.count) {
      hand = hand + 1 < conversations.count ? hand + 1 : 0
      guard isUsed[hand] else { continue }
      if best.map({ conversations[hand].isWorthLess(than: conversations[$0]) }) ?? true {
        best = hand
      }
    }
    guard let best, conversations[best].isOver || conversations[best].lastActive <= time else {
      return nil
    }
    return Int(flows[best])
  }

  /// Makes a conversation for the flow in slot `flow`; false when there is no room.
  mutating func open(
    _ conversation: consuming Conversation, of flow: Int, streams: inout FlowStreams
  ) {
    if streams.mutes > 0 {
      conversation.mutes = streams.mutes
      conversation.hasLost = true
      conversation.offers = engine.limits.recognitionTurns - min(engine.limits.recognitionTurns, 6)
    }
    conversation.offers = max(conversation.offers, streams.offers)
    if let reused = free.popLast() {
      conversations[Int(reused)] = conversation
      flows[Int(reused)] = UInt32(flow)
      isUsed[Int(reused)] = true
      streams.conversation = reused
    } else {
      guard conversations.count < limit else {
        streams.mode = .refused
        return
      }
      streams.conversation = UInt32(conversations.count)
      conversations.append(conversation)
      flows.append(UInt32(flow))
      isUsed.append(true)
    }
    streams.mode = .followed
  }

  /// Ends the conversation of a flow, if it has one: what it had begun is written.
  mutating func close(_ streams: inout FlowStreams, as mode: FlowStreams.Mode, at time: Timestamp) {
    if streams.mode == .followed {
      let slot = Int(streams.conversation)
      engine.close(&conversations[slot], slot: slot, at: time)
      conversations[slot].parser = nil
      isUsed[slot] = false
      free.append(streams.conversation)
    }
    streams.mode = mode
  }

  mutating func read(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, acknowledgement: UInt32,
    at time: Timestamp, direction: Int, of streams: inout FlowStreams
  ) {
    guard streams.mode == .followed else { return refuse(streams) }
    let slot = Int(streams.conversation)
    let before = conversations[slot].state
    var moment = Moment(
      packetAt: time, Self.direction(direction), acknowledgement: acknowledgement)
    engine.takeSegment(
      payload, length: length, sequence: sequence, moment: &moment,
      in: &conversations[slot], slot: slot)
    if conversations[slot].state != before { noteState(&streams, before, at: time) }
    if !engine.reconsidered.isEmpty {
      recognised.append(contentsOf: engine.reconsidered)
      engine.reconsidered.removeAll(keepingCapacity: true)
    }
  }

  /// Takes a datagram's payload, of whose `length` bytes some may not have been captured.
  mutating func readDatagram(
    _ payload: Span<UInt8>, length: Int, at time: Timestamp, direction: Int,
    of streams: inout FlowStreams
  ) {
    guard streams.mode == .followed else { return refuse(streams) }
    let slot = Int(streams.conversation)
    let before = conversations[slot].state
    conversations[slot].lastActive = time
    var moment = Moment(packetAt: time, Self.direction(direction))
    engine.takeDatagram(
      payload, length: length, moment: &moment,
      in: &conversations[slot], slot: slot)
    if conversations[slot].state != before {
      noteState(&streams, before, at: time)
    } else if before == .unknown {
      // Nothing is kept of a datagram that no protocol wants but that there was one.
      streams.offers = conversations[slot].offers
      close(&streams, as: .fresh, at: time)
    }
  }

  mutating func lose(
    _ count: Int, because reason: LossReason, direction: Int, of streams: inout FlowStreams
  ) {
    guard streams.mode == .followed else { return }
    let slot = Int(streams.conversation)
    engine.takeGap(
      count, because: reason, Self.direction(direction), in: &conversations[slot], slot: slot)
  }

  mutating func finish(direction: Int, of streams: inout FlowStreams, at time: Timestamp) {
    if streams.mode == .followed {
      let slot = Int(streams.conversation)
      engine.endStream(Self.direction(direction), in: &conversations[slot], slot: slot)
    }
    if streams.positions[0].isFinished && streams.positions[1].isFinished {
      close(&streams, as: .finished, at: time)
    }
  }

  /// Tells a conversation, and the calls that it has begun, what its flow knows better now. What was
  /// seen of it before its protocol was recognised is read then.
  mutating func learn(_ slot: Int, _ point: ObservationPoint, directionScore: UInt8) {
    conversations[slot].observationPoint = point
    conversations[slot].directionScore = directionScore
    var number = conversations[slot].firstPending
    while number != PendingCalls.none {
      engine.pending.slots[number].record.observationPoint = point
      engine.pending.slots[number].record.directionScore = directionScore
      number = engine.pending.slots[number].next
    }
    engine.readBacklog(of: &conversations[slot], slot: slot)
  }

  /// Counts payload that nobody reads.
  mutating func refuse(_ streams: FlowStreams) {
    switch streams.mode {
    case .refused: engine.tallies.conversations.lose(.conversationTableFull)
    case .finished: engine.tallies.conversations.pass()
    case .fresh, .followed, .muted:
      engine.tallies.conversations.lose(
        streams.isSuspended ? .protocolSuspended : .unknownProtocol)
    }
  }

  private mutating func noteState(
    _ streams: inout FlowStreams, _ before: Conversation.State, at time: Timestamp
  ) {
    let slot = Int(streams.conversation)
    switch conversations[slot].state {
    case .recognised, .adopted:
      if before == .unknown { recognised.append(slot) }
    case .muted:
      streams.mutedUntil = conversations[slot].mutedUntil
      streams.mutes = conversations[slot].mutes
      streams.offers = 0
      streams.isSuspended = conversations[slot].isSuspended
      close(&streams, as: .muted, at: time)
    case .unknown: break
    }
  }

  @inline(__always)
  private static func direction(_ direction: Int) -> SocketEvent.Direction {
    direction == 0 ? .egress : .ingress
  }
}
