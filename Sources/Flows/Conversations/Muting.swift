// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Giving conversations up that nobody understands, and looking at them again.
extension FlowEngine {
  /// Counts an event that no protocol wanted, and mutes the socket after enough of them. One that is
  /// kept for the answer is counted when it is read or forgotten.
  mutating func refuse(
    _ conversation: inout Conversation, isKept: Bool = false, at time: Timestamp
  ) {
    if !isKept { tallies.conversations.lose(conversation.unreadReason) }
    if conversation.isSuspended { return mute(&conversation, at: time) }
    if conversation.turn != .refused {
      conversation.turn = .refused
      countOffer(&conversation)
    }
    countUnread(&conversation, at: time)
    muteIfHopeless(&conversation, at: time)
  }

  func countOffer(_ conversation: inout Conversation) {
    if conversation.offers < .max { conversation.offers += 1 }
  }

  /// Counts an event that was not read, by the call that moved it, in however many pieces it is told.
  func countUnread(_ conversation: inout Conversation, at time: Timestamp) {
    guard conversation.lastUnread != time else { return }
    conversation.lastUnread = time
    if conversation.unreadEvents < .max { conversation.unreadEvents += 1 }
  }

  mutating func muteIfHopeless(_ conversation: inout Conversation, at time: Timestamp) {
    guard
      conversation.offers >= limits.recognitionTurns
        || conversation.unreadEvents >= limits.recognitionEvents
    else { return }
    unknownPorts.count(conversation.serverPort)
    mute(&conversation, at: time)
  }

  /// Asks the probe for silence on this socket; ``unmute(_:)`` ends it.
  mutating func mute(_ conversation: inout Conversation, at time: Timestamp) {
    dropBacklog(of: &conversation)
    if isOfSockets, !conversation.isUnheard, !conversation.isReadElsewhere {
      conversation.isUnheard = true
      causality.mute(conversation.user)
    }
    conversation.state = .muted
    conversation.mutedUntil = time + min(limits.muteTime << Int64(conversation.mutes), 3_600 << 30)
    if conversation.mutes < Self.mutesAtMost { conversation.mutes += 1 }
    say(SocketVerdict(socket: conversation.socket, plane: conversation.plane, .nothing))
  }

  /// Gives up a conversation for good, as another has the same in a form that can be read.
  mutating func leave(_ conversation: inout Conversation, slot: Int, at time: Timestamp) {
    guard conversation.state != .muted || conversation.mutes < Self.mutesAtMost else { return }
    abandonCalls(of: &conversation, slot: slot, at: time)
    conversation.parser = nil
    for direction in [SocketEvent.Direction.egress, .ingress] {
      conversation[direction].forget(pool: &buffers)
    }
    conversation.mutes = Self.mutesAtMost
    hear(&conversation)
    conversation.isReadElsewhere = true
    mute(&conversation, at: time)
  }

  /// Times that the silence asked for doubles.
  private static var mutesAtMost: UInt8 { 6 }

  /// Takes back that what is done on the socket may be a cause that nobody is told of.
  mutating func hear(_ conversation: inout Conversation) {
    guard conversation.isUnheard else { return }
    conversation.isUnheard = false
    causality.unmute(conversation.user)
  }

  /// Gives a muted socket a few turns to be understood in.
  mutating func unmute(_ conversation: inout Conversation) {
    hear(&conversation)
    conversation.state = .unknown
    conversation.offers = limits.recognitionTurns - min(limits.recognitionTurns, 6)
    conversation.unreadEvents = 0
    conversation.failures = 0
    conversation.lastDirection = nil
    conversation[.egress].isStarted = false
    conversation[.ingress].isStarted = false
    (conversation.lastOrdinal, conversation.missedEvents) = (0, 0)
    listenAgain(to: &conversation)
  }

  /// Takes the silence back that was asked for, so that a socket that is forgotten meanwhile can be met
  /// again.
  mutating func listenAgain(to conversation: inout Conversation) {
    conversation.wishes.isSaid = true
    say(
      SocketVerdict(
        socket: conversation.socket, plane: conversation.plane,
        SocketVerdict.Wanted(limits.unknownBytes)))
  }

  /// Gives up a parser whose bytes made no sense; the conversation may be recognised anew.
  mutating func giveUp(_ conversation: inout Conversation, slot: Int, at time: Timestamp) {
    noteParseFailure(slot: slot, at: time)
    abandonCalls(of: &conversation, slot: slot, at: time)
    endpoints.doubt(&conversation)
    conversation.parser = nil
    conversation.wishes.wantAll()
    conversation.state = .unknown
    conversation.turn = .refused
    for direction in [SocketEvent.Direction.egress, .ingress] {
      conversation[direction].forget(pool: &buffers)
      conversation[direction].mayBeInside = false
    }
    conversation.failures += 1
    if conversation.failures >= limits.parseFailures { mute(&conversation, at: time) }
  }
}
