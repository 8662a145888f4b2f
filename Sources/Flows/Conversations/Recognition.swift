// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Finding out what a conversation speaks.
///
/// The first bytes of each turn are offered to the protocols that they may be of, see
/// ``RecognitionIndex``: first to those on their default port, and to the one that the server was found
/// to speak; among them, and among the others, to the surer before the less sure. Each that says no is
/// out for the turn. The first of the others has it, once it says yes: while a surer one cannot tell yet,
/// more bytes are waited for, so that the answer does not depend on how they were cut, but only to the
/// end of the turn, when whoever says yes has it. A conversation that was joined in
/// the middle of a body thus has several turns to be understood in, before it is muted. Turns that
/// might be a protocol's are kept, see ``Backlog``, and so is the beginning of one that is nobody's
/// until the answer to it is there, which may tell after all.
extension FlowEngine {
  /// What the protocols say of some bytes.
  enum Answer {
    case recognised
    case refused
    /// More bytes of the turn will tell.
    case waiting
    /// Some protocol's, by all that will be known of the turn, but nobody is sure.
    case possible
  }

  /// Offers bytes of an unknown conversation and reads them if they were recognised.
  mutating func lookForProtocol(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    if conversation.lastDirection != direction {
      endTurnOffered(in: &conversation, at: moment.exit)
      switch conversation.state {
      case .unknown: break
      case .muted: return tallies.conversations.lose(conversation.unreadReason)
      case .adopted, .recognised:
        return take(
          payload, length: length, sequence: sequence, moment: &moment, in: &conversation,
          slot: slot)
      }
      conversation.lastDirection = direction
      conversation.turn = .fresh
    }
    switch conversation.turn {
    case .refused:
      let isKept = conversation.keepsRefusedTurn
      if isKept {
        keep(payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
      }
      refuse(&conversation, isKept: isKept, at: moment.exit)
    case .possible:
      keep(payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
      countUnread(&conversation, at: moment.exit)
      muteIfHopeless(&conversation, at: moment.exit)
    case .fresh, .waiting:
      offer(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    }
  }

  /// Offers a chunk, with what came before it in its turn.
  private mutating func offer(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: inout Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    let isWhole = payload.count == length
    let answer: Answer
    var candidates: ProtocolSet?
    if conversation.turn == .fresh {
      answer =
        payload.isEmpty
        ? .refused
        : offer(
          payload, to: &candidates, isWhole: isWhole, isOver: !isWhole, direction,
          of: &conversation)
      if answer == .recognised, conversation.backlog.isEmpty {
        // As it is nearly always: nothing needs to be kept.
        return handOver(
          payload, length: length, sequence: sequence, moment: &moment, in: &conversation,
          slot: slot)
      }
    } else {
      let last = conversation.backlog.turns.count - 1
      let count = conversation.backlog.turns[last].bytes.count + payload.count
      if isWhole, count < min(conversation.backlog.turns[last].wanted, limits.recognitionBytes) {
        return keep(
          payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
      }
      var bytes = conversation.backlog.turns[last].bytes
      bytes.append(copying: payload)
      candidates = conversation.backlog.turns[last].candidates
      answer = offer(
        bytes.span, to: &candidates, isWhole: isWhole, isOver: !isWhole, direction,
        of: &conversation)
    }
    switch answer {
    case .recognised:
      adopt(in: &conversation)
      take(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation, slot: slot)
    case .refused:
      let isKept = keepRefused(
        payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
      refuse(&conversation, isKept: isKept, at: moment.exit)
    case .waiting, .possible:
      keep(payload, length: length, sequence: sequence, moment: &moment, in: &conversation)
      conversation.turn = answer == .waiting ? .waiting : .possible
      conversation.backlog.waitForMore(for: candidates ?? 0)
    }
  }

  /// The other side speaks: what is still undecided must be decided by the turn's bytes alone.
  private mutating func endTurnOffered(in conversation: inout Conversation, at time: Timestamp) {
    guard conversation.turn == .waiting || conversation.turn == .possible,
      let turn = conversation.backlog.turns.last
    else { return }
    if conversation.turn == .waiting {
      var candidates: ProtocolSet? = turn.candidates
      let answer = offer(
        turn.bytes.span, to: &candidates, isWhole: true, isOver: true, turn.direction,
        of: &conversation)
      if answer == .recognised { return adopt(in: &conversation) }
      if answer == .refused { refuseWaiting(in: &conversation) }
    }
    conversation.turn = .fresh
    countOffer(&conversation)
    muteIfHopeless(&conversation, at: time)
  }

  /// What protocols say of the first bytes of a turn: the `candidates`, which are found when they are nil
  /// as the turn is a new one, and of which only those are left that do not say no.
  mutating func offer(
    _ bytes: Span<UInt8>, to candidates: inout ProtocolSet?, isWhole: Bool, isOver: Bool,
    _ direction: SocketEvent.Direction, of conversation: inout Conversation
  ) -> Answer {
    let window = bytes.extracting(first: limits.recognitionBytes)
    let isFull = window.count == limits.recognitionBytes
    let context = conversation.context(
      of: direction, isTruncated: isFull || (!isWhole && window.count == bytes.count))
    let own = ownProtocols(of: &conversation)
    var left =
      candidates ?? recognition.candidates(window, on: conversation.carrier, own: own)
    defer { candidates = left }
    let mayWait = !isOver && !isFull
    var isPossible = false
    // Twice: those on their own ports, then the others.
    for isOwn in [true, false] {
      var rest = left & (isOwn ? own : ~own)
      while rest != 0 {
        let number = rest.trailingZeroBitCount
        rest &= rest &- 1
        switch protocols[number].recognize(window, context: context, limits.breadcrumb) {
        case .no: left &= ~(1 << ProtocolSet(number))
        case .undecided: isPossible = true
        case .yes where isPossible && mayWait: return .waiting
        case .yes where protocols[number].isSuspended:
          conversation.isSuspended = true
          return .refused
        case .yes(let sender):
          conversation.isSuspended = false
          conversation.adopt(
            protocols[number], number: number, sender, direction,
            sureness: isOfSockets ? 192 : 254, privacy: desk.fields.privacy)
          wishAtFirst(&conversation)
          return .recognised
        }
      }
    }
    if isPossible, mayWait { return .waiting }
    return isPossible ? .possible : .refused
  }
}

extension FlowEngine {
  /// The protocols that are asked first here.
  private func ownProtocols(of conversation: inout Conversation) -> ProtocolSet {
    var ports = recognition.onPort(conversation.serverPort)
    if conversation.side == nil {
      ports =
        recognition.onPort(conversation.localPort) | recognition.onPort(conversation.remotePort)
    }
    if let number = endpoints.number(of: &conversation) { ports |= 1 << ProtocolSet(number) }
    return recognition.own(ports: ports)
  }
}

extension Conversation {
  /// What a protocol is told of bytes that move in `direction`.
  func context(of direction: SocketEvent.Direction, isTruncated: Bool) -> RecognitionContext {
    RecognitionContext(
      transport: carrier, side: sender(direction), serverPort: serverPort,
      isTruncated: isTruncated)
  }

  /// What a parser is told when it is made.
  func parserContext(privacy: PrivacyRules) -> ConversationContext {
    ConversationContext(
      transport: carrier, plane: plane, serverPort: serverPort, privacy: privacy)
  }

  /// Begins to read the conversation as this protocol, and settles who is the server.
  fileprivate mutating func adopt(
    _ known: FlowEngine.Known, number: Int, _ sender: Side?,
    _ direction: SocketEvent.Direction, sureness: UInt8, privacy: PrivacyRules
  ) {
    let descriptor = known.descriptor
    parser = known.kind.makeParser(parserContext(privacy: privacy))
    protocolIndex = number
    state = .recognised
    offers = 0
    unreadEvents = 0
    guard side == nil else { return }
    if let sender {
      side = direction == .egress ? sender : sender.other
      directionScore = sureness
    } else {
      let isServer = descriptor.defaultPorts.contains(localPort)
      let isClient = descriptor.defaultPorts.contains(remotePort)
      directionScore = isServer != isClient ? 128 : 64
      side = isServer != isClient ? (isServer ? .server : .client) : likelierSide
    }
  }

  /// Servers listen on the lower port, as a rule.
  private var likelierSide: Side {
    remotePort != 0 && remotePort < localPort ? .client : .server
  }
}
