// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Finding out what a conversation speaks.
///
/// The first bytes of each turn are offered to the protocols, those on their default port first. A
/// protocol that cannot tell yet holds back those after it, so that the answer does not depend on
/// how the bytes were cut; it has to tell when the turn is over. A conversation that was joined in
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
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: Moment,
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
          payload, length: length, sequence: sequence, moment: moment, in: &conversation,
          slot: slot)
      }
      conversation.lastDirection = direction
      conversation.turn = .fresh
    }
    switch conversation.turn {
    case .refused:
      let isKept = conversation.keepsRefusedTurn
      if isKept {
        keep(payload, length: length, sequence: sequence, moment: moment, in: &conversation)
      }
      refuse(&conversation, isKept: isKept, at: moment.exit)
    case .possible:
      keep(payload, length: length, sequence: sequence, moment: moment, in: &conversation)
      countUnread(&conversation, at: moment.exit)
      muteIfHopeless(&conversation, at: moment.exit)
    case .fresh, .waiting:
      offer(
        payload, length: length, sequence: sequence, moment: moment, in: &conversation, slot: slot)
    }
  }

  /// Offers a chunk, with what came before it in its turn.
  private mutating func offer(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    let isWhole = payload.count == length
    let answer: Answer
    if conversation.turn == .fresh {
      answer =
        payload.isEmpty
        ? .refused
        : offer(payload, isWhole: isWhole, isOver: !isWhole, direction, to: &conversation)
      if answer == .recognised, conversation.backlog.isEmpty {
        // As it is nearly always: nothing needs to be kept.
        return handOver(
          payload, length: length, sequence: sequence, moment: moment, in: &conversation,
          slot: slot)
      }
    } else {
      let last = conversation.backlog.turns.count - 1
      let count = conversation.backlog.turns[last].bytes.count + payload.count
      if isWhole, count < min(conversation.backlog.turns[last].wanted, limits.recognitionBytes) {
        return keep(
          payload, length: length, sequence: sequence, moment: moment, in: &conversation)
      }
      var bytes = conversation.backlog.turns[last].bytes
      bytes.append(copying: payload)
      answer = offer(bytes.span, isWhole: isWhole, isOver: !isWhole, direction, to: &conversation)
    }
    switch answer {
    case .recognised:
      adopt(in: &conversation)
      take(
        payload, length: length, sequence: sequence, moment: moment, in: &conversation, slot: slot)
    case .refused:
      let isKept = keepRefused(
        payload, length: length, sequence: sequence, moment: moment, in: &conversation)
      refuse(&conversation, isKept: isKept, at: moment.exit)
    case .waiting, .possible:
      keep(payload, length: length, sequence: sequence, moment: moment, in: &conversation)
      conversation.turn = answer == .waiting ? .waiting : .possible
      conversation.backlog.waitForMore()
    }
  }

  /// The other side speaks: what is still undecided must be decided by the turn's bytes alone.
  private mutating func endTurnOffered(in conversation: inout Conversation, at time: Timestamp) {
    guard conversation.turn == .waiting || conversation.turn == .possible,
      let turn = conversation.backlog.turns.last
    else { return }
    if conversation.turn == .waiting {
      let answer = offer(
        turn.bytes.span, isWhole: true, isOver: true, turn.direction, to: &conversation)
      if answer == .recognised { return adopt(in: &conversation) }
      if answer == .refused { refuseWaiting(in: &conversation) }
    }
    conversation.turn = .fresh
    countOffer(&conversation)
    muteIfHopeless(&conversation, at: time)
  }

  /// What the protocols say of the first bytes of a turn.
  mutating func offer(
    _ bytes: Span<UInt8>, isWhole: Bool, isOver: Bool, _ direction: SocketEvent.Direction,
    to conversation: inout Conversation
  ) -> Answer {
    let window = bytes.extracting(first: limits.recognitionBytes)
    let isFull = window.count == limits.recognitionBytes
    let context = conversation.context(
      of: direction, isTruncated: isFull || (!isWhole && window.count == bytes.count))
    var isPossible = false
    for onDefaultPort in [true, false] {
      for (number, known) in protocols.enumerated() {
        let descriptor = known.descriptor
        guard descriptor.transports.contains(conversation.carrier),
          conversation.isFirstAsked(known) == onDefaultPort,
          onDefaultPort || !descriptor.onlyDefaultPorts
        else { continue }
        switch known.recognize(window, context: context, limits.breadcrumb) {
        case .no: continue
        case .undecided:
          if !isOver, !isFull { return .waiting }
          isPossible = true
        case .yes where known.isSuspended:
          conversation.isSuspended = true
          return .refused
        case .yes(let sender):
          conversation.isSuspended = false
          conversation.adopt(
            known, number: number, sender, direction, sureness: isOfSockets ? 192 : 254,
            privacy: desk.fields.privacy)
          wishAtFirst(&conversation)
          return .recognised
        }
      }
    }
    return isPossible ? .possible : .refused
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

  /// Whether a protocol is on its own port here, or on none: words of HTTP are words of others, too,
  /// which have ports of their own, but not the other way round.
  fileprivate func isFirstAsked(_ known: FlowEngine.Known) -> Bool {
    if known.responsesShowRequests { return true }
    let ports = known.descriptor.defaultPorts
    return side == nil
      ? ports.contains(localPort) || ports.contains(remotePort) : ports.contains(serverPort)
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
