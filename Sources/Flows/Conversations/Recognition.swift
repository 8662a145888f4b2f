// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Finding out what a conversation speaks.
///
/// The first bytes of each turn are offered to the protocols, those on their default port first. A
/// protocol that cannot tell yet holds back those after it, so that the answer does not depend on
/// how the bytes were cut; it has to tell when the turn is over. A conversation that was joined in
/// the middle of a body thus has several turns to be understood in, before it is muted.
extension FlowEngine {
  /// Offers bytes of an unknown conversation and reads them if they were recognised.
  mutating func lookForProtocol(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    let direction = moment.direction
    if conversation.lastDirection != direction {
      if decideTurn(direction.opposite, in: &conversation, slot: slot) {
        return readOn(
          payload, length: length, sequence: sequence, moment: moment, in: &conversation,
          slot: slot)
      }
      conversation.lastDirection = direction
      conversation.turnRefused = false
    }
    guard !conversation.turnRefused, !payload.isEmpty else {
      return refuse(&conversation, at: moment.exit)
    }
    let isWhole = payload.count == length
    let recognised: Bool?
    if conversation[direction].buffer.isEmpty {
      recognised = offer(payload, isWhole: isWhole, isOver: !isWhole, direction, to: &conversation)
    } else {
      conversation[direction].append(payload, moment: moment, pool: &buffers)
      let buffer = conversation[direction].buffer
      recognised = offer(
        buffer.span, isWhole: isWhole, isOver: !isWhole, direction, to: &conversation)
      if recognised != nil { conversation[direction].dropLast(payload.count) }
    }
    switch recognised {
    case true?:
      replay(direction, endingAt: sequence, in: &conversation, slot: slot)
      readOn(
        payload, length: length, sequence: sequence, moment: moment, in: &conversation, slot: slot)
    case false?:
      refuseHeldBack(&conversation)
      conversation[direction].clear(pool: &buffers)
      refuse(&conversation, at: moment.exit)
    case nil:
      if conversation[direction].buffer.isEmpty {
        conversation[direction].append(payload, moment: moment, pool: &buffers)
      }
      conversation.heldBack &+= 1
    }
  }

  /// The turn of `direction` is over: what is still undecided must be decided by its bytes alone.
  private mutating func decideTurn(
    _ direction: SocketEvent.Direction, in conversation: inout Conversation, slot: Int
  ) -> Bool {
    guard !conversation[direction].buffer.isEmpty else { return false }
    let buffer = conversation[direction].buffer
    let isRecognised =
      offer(buffer.span, isWhole: true, isOver: true, direction, to: &conversation) == true
    if isRecognised {
      replay(direction, endingAt: conversation[direction].next, in: &conversation, slot: slot)
    } else {
      conversation[direction].clear(pool: &buffers)
      refuseHeldBack(&conversation)
      countOffer(&conversation)
    }
    return isRecognised
  }

  /// Whether a protocol recognises the bytes; nil when more are needed.
  mutating func offer(
    _ bytes: Span<UInt8>, isWhole: Bool, isOver: Bool, _ direction: SocketEvent.Direction,
    to conversation: inout Conversation
  ) -> Bool? {
    let window = bytes.extracting(first: limits.recognitionBytes)
    let mustDecide = isOver || window.count == limits.recognitionBytes
    let context = RecognitionContext(
      transport: conversation.transport, side: conversation.sender(direction),
      serverPort: conversation.serverPort,
      isTruncated: !isWhole && window.count == bytes.count)
    for onDefaultPort in [true, false] {
      for (number, known) in protocols.enumerated() {
        let descriptor = known.descriptor
        guard descriptor.transports.contains(conversation.transport),
          conversation.isOnDefaultPort(of: descriptor) == onDefaultPort,
          onDefaultPort || !descriptor.onlyDefaultPorts
        else { continue }
        switch known.parser.recognize(window, context: context) {
        case .no: continue
        case .undecided:
          if !mustDecide { return nil }
        case .yes(let sender):
          conversation.adopt(
            known.parser, number: number, descriptor, sender, direction,
            sureness: isOfSockets ? 192 : 254)
          return true
        }
      }
    }
    return false
  }

  /// Reads the bytes that were held back while the protocol was not known.
  private mutating func replay(
    _ direction: SocketEvent.Direction, endingAt sequence: UInt32,
    in conversation: inout Conversation, slot: Int
  ) {
    tallies.conversations.pass(UInt64(conversation.heldBack))
    conversation.heldBack = 0
    var (bytes, marks): ([UInt8], [Stream.Mark]) = ([], [])
    swap(&bytes, &conversation[direction].buffer)
    swap(&marks, &conversation[direction].marks)
    let first = sequence &- UInt32(truncatingIfNeeded: bytes.count)
    for (number, mark) in marks.enumerated() where conversation.state == .recognised {
      let end = number + 1 < marks.count ? marks[number + 1].start : bytes.count
      let piece = bytes.span.extracting(mark.start..<end)
      _ = read(
        piece, length: piece.count, sequence: first &+ UInt32(truncatingIfNeeded: mark.start),
        moment: mark.moment, in: &conversation, slot: slot)
    }
    if bytes.capacity > 0 { buffers.give(&bytes, &marks) }
  }

  /// Reads an event whose conversation has just been recognised.
  private mutating func readOn(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, moment: Moment,
    in conversation: inout Conversation, slot: Int
  ) {
    guard conversation.state == .recognised else {
      return tallies.conversations.lose(.parseFailed)
    }
    count(
      read(
        payload, length: length, sequence: sequence, moment: moment, in: &conversation, slot: slot))
  }

  /// Counts an event that no protocol wanted, and mutes the socket after enough of them.
  mutating func refuse(_ conversation: inout Conversation, at time: Timestamp) {
    tallies.conversations.lose(.unknownProtocol)
    if !conversation.turnRefused {
      conversation.turnRefused = true
      countOffer(&conversation)
    }
    // By the call that moved them, in however many pieces it is told.
    if conversation.lastRefused != time {
      conversation.lastRefused = time
      conversation.refusedEvents &+= 1
    }
    guard
      conversation.offers >= limits.recognitionTurns
        || conversation.refusedEvents >= limits.recognitionEvents
    else { return }
    mute(&conversation, at: time)
  }

  private func countOffer(_ conversation: inout Conversation) {
    if conversation.offers < .max { conversation.offers += 1 }
  }

  mutating func refuseHeldBack(_ conversation: inout Conversation) {
    tallies.conversations.lose(.unknownProtocol, count: UInt64(conversation.heldBack))
    conversation.heldBack = 0
  }

  mutating func abandonRecognition(_ conversation: inout Conversation) {
    refuseHeldBack(&conversation)
    conversation[.egress].clear(pool: &buffers)
    conversation[.ingress].clear(pool: &buffers)
  }

  /// Asks the probe for silence on this socket; ``unmute(_:)`` ends it.
  mutating func mute(_ conversation: inout Conversation, at time: Timestamp) {
    abandonRecognition(&conversation)
    conversation.state = .muted
    conversation.mutedUntil = time + min(limits.muteTime << Int64(conversation.mutes), 3_600 << 30)
    if conversation.mutes < 6 { conversation.mutes += 1 }
    say(SocketVerdict(socket: conversation.socket, payloadLimit: SocketVerdict.muted))
  }

  /// Gives a muted socket a few turns to be understood in.
  mutating func unmute(_ conversation: inout Conversation) {
    conversation.state = .unknown
    conversation.offers = limits.recognitionTurns - min(limits.recognitionTurns, 6)
    conversation.refusedEvents = 0
    conversation.failures = 0
    conversation.lastDirection = nil
    conversation[.egress].isStarted = false
    conversation[.ingress].isStarted = false
    let limit = limits.payloadLimits[Int(conversation.payloadStep)]
    say(SocketVerdict(socket: conversation.socket, payloadLimit: limit))
  }

  /// Gives up a parser whose bytes made no sense; the conversation may be recognised anew.
  mutating func giveUp(_ conversation: inout Conversation, slot: Int, at time: Timestamp) {
    noteParseFailure(slot: slot, at: time)
    abandonCalls(of: &conversation, slot: slot, at: time)
    conversation.parser = nil
    conversation.state = .unknown
    conversation.turnRefused = true
    for direction in [SocketEvent.Direction.egress, .ingress] {
      conversation[direction].clear(pool: &buffers)
      conversation[direction].skip = 0
      conversation[direction].untilTurn = false
      conversation[direction].isInBody = false
    }
    conversation.failures += 1
    if conversation.failures >= limits.parseFailures { mute(&conversation, at: time) }
  }
}

extension Conversation {
  fileprivate func isOnDefaultPort(of descriptor: ProtocolDescriptor) -> Bool {
    let ports = descriptor.defaultPorts
    return side == nil
      ? ports.contains(localPort) || ports.contains(remotePort) : ports.contains(serverPort)
  }

  /// Begins to read the conversation as this protocol, and settles who is the server.
  fileprivate mutating func adopt(
    _ parser: any ProtocolParser.Type, number: Int, _ descriptor: ProtocolDescriptor,
    _ sender: Side?, _ direction: SocketEvent.Direction, sureness: UInt8
  ) {
    self.parser = parser.init()
    protocolIndex = number
    state = .recognised
    offers = 0
    refusedEvents = 0
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
