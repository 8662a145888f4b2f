// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// All of a ``FlowPipeline`` but its table of conversations, so that one conversation can be worked
/// on in place.
///
/// Its parts, one file each: recognition, streams and datagrams feed messages to the matching of
/// calls, which writes records and rolls them up. A ``PacketPipeline`` has one too: what differs
/// between sockets and packets asks for ``source``.
struct FlowEngine: ~Copyable {
  let limits: FlowLimits
  let protocols: [Known]
  let source: SignalSource
  let recognition: RecognitionIndex
  var endpoints: EndpointMemory
  var unknownPorts = UnknownPorts()
  var coverage: ProcessCoverage
  /// The message that was read last, and its texts. Kept here, and handed on by reference: it is too
  /// large to be copied from function to function.
  var desk: Desk
  /// What a parser has just handed its conversation over to.
  var successor: Successor?
  var buffers = BufferPool()
  var causality: Causality
  /// Where the servers of UNIX sockets listen.
  var paths: SharedTexts
  var pending: PendingCalls
  var rollup: Rollup
  var tallies = FlowTallies()
  var batch = RecordBatch()
  /// Calls that were written since their owner looked; only for packets, whose flows count them.
  var written: [WrittenCall] = []
  /// Conversations a message of which did not parse, and when; likewise.
  var unparsed: [(conversation: Int, time: Timestamp)] = []
  /// Conversations that turned out to speak another protocol than was thought; likewise.
  var reconsidered: [Int] = []
  var verdicts: [SocketVerdict] = []
  /// Slots of conversations that hold chunks for missing ones; a slot may have moved on since.
  var waiting: [Int] = []
  /// What the last view that was not decided is to have before its parser is asked again; 0 when that
  /// did not say.
  var needed = 0
  /// Slots of conversations with bytes that their parser was not asked about yet; a slot may have moved
  /// on since.
  var unasked: [Int] = []
  /// Bytes in the backlogs, and in the held chunks, of all conversations.
  var backlogBytes = 0
  var heldBytes = 0
  /// Where the search for a backlog, and for unread bytes, to forget goes on.
  var backlogHand = 0
  var unreadHand = 0
  /// The time that was told last, and what had passed since the one before.
  var clock: Timestamp?
  var clockInterval: Int64 = 0
  /// A call that finds no room to wait.
  var unheld = PendingCalls.blank
  /// Texts on their way from one pending call to another.
  var scratch: [UInt8] = []
  var joined: [UInt8] = []

  init(
    limits: FlowLimits, protocols: [any ProtocolKind],
    privacy: PrivacyRules = PrivacyRules(), source: SignalSource = .eBPF
  ) {
    self.limits = limits
    desk = Desk(privacy: privacy)
    self.source = source
    // The surest first; those that are as sure in the order in which they came.
    let kinds = protocols.enumerated().sorted {
      let (first, second) = ($0.element.descriptor.sureness, $1.element.descriptor.sureness)
      return (second, $0.offset) < (first, $1.offset)
    }.map(\.element)
    self.protocols = kinds.map { Known($0) }
    recognition = RecognitionIndex(kinds)
    endpoints = EndpointMemory(seed: limits.hashSeed)
    coverage = ProcessCoverage(seed: limits.hashSeed)
    causality = Causality(limits: limits)
    paths = SharedTexts(bytes: limits.pathBytes, seed: limits.hashSeed)
    pending = PendingCalls(limits: limits)
    rollup = Rollup(limits: limits)
  }

  /// Takes a data event of the conversation in `slot`. It is not changed: by value it would be copied.
  mutating func take(
    _ event: inout SocketEvent, payload: Span<UInt8>, in conversation: inout Conversation, slot: Int
  ) {
    if event.exit.nanoseconds > conversation.lastActive.nanoseconds {
      conversation.lastActive = event.exit
    }
    if conversation.side == nil { conversation.learnSide(event.role) }
    conversation.wishes.isRoleKnown = event.role.isKnown
    if conversation.plane.bit == 0 {
      noteOrdinal(&event, in: &conversation, slot: slot)
    } else {
      notePlainOrdinal(&event, in: &conversation, slot: slot)
    }
    let (trace, user) = causality.moved(&event, slot: slot, place: &conversation.userPlace)
    guard conversation.state != .muted else {
      return tallies.conversations.lose(conversation.unreadReason)
    }
    conversation.user = user
    var moment = Moment(&event, trace: trace)
    let length = max(Int(event.length), payload.count)
    if event.transport.rawValue == TransportProtocol.udp.rawValue {
      takeDatagram(payload, length: length, moment: &moment, in: &conversation, slot: slot)
    } else {
      takeChunk(
        payload, length: length, sequence: event.sequence, moment: &moment, in: &conversation,
        slot: slot)
    }
    if conversation.state.rawValue != Conversation.State.recognised.rawValue {
      noteUnread(&conversation, event.process, payload, slot: slot)
    }
  }

  /// Ends what the conversation has begun; its slot may be reused afterwards.
  mutating func close(_ conversation: inout Conversation, slot: Int, at time: Timestamp) {
    noteUnseenAtEnd(&conversation, slot: slot)
    for direction in [SocketEvent.Direction.egress, .ingress] {
      releaseHeld(direction, in: &conversation, slot: slot)
      endStream(direction, in: &conversation, slot: slot)
    }
    for direction in [SocketEvent.Direction.egress, .ingress] {
      conversation[direction].clear(pool: &buffers)
    }
    dropBacklog(of: &conversation)
    abandonCalls(of: &conversation, slot: slot, at: time)
    if isOfSockets {
      causality.closed(slot: slot)
      hear(&conversation)
    }
    paths.release(conversation.path)
    conversation.path = SharedTexts.none
  }

  /// Whether it is fed by sockets, which have owners, and probes that listen.
  @inline(__always)
  var isOfSockets: Bool { source.rawValue != 0 }

  /// What a conversation speaks; nil when that is not known.
  func protocolNumber(of conversation: inout Conversation) -> ApplicationProtocol? {
    conversation.parser == nil ? nil : protocols[conversation.protocolIndex].number
  }

  mutating func noteParseFailure(slot: Int, at time: Timestamp) {
    if !isOfSockets { unparsed.append((slot, time)) }
  }

  mutating func say(_ verdict: SocketVerdict) {
    if isOfSockets, verdicts.count < limits.verdicts { verdicts.append(verdict) }
  }
}
