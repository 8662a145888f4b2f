// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How flows begin and end.
extension FlowTable {
  /// Whether a packet with the flow's key is of another flow, as the old one is over.
  @inline(__always)
  mutating func isAnother(_ packet: inout DecodedPacket, slot: Int, direction: Int) -> Bool {
    let silence = packet.time.nanoseconds &- flows[slot].last.nanoseconds
    if packet.flags.rawValue & 0x02 == 0 && silence < 1_000_000_000 { return false }
    return isOver(slot, silence: silence) || isReopening(&packet, slot: slot, direction: direction)
  }

  mutating func isOver(_ slot: Int, silence: Int64) -> Bool {
    silence > timeout(of: slot)
  }

  /// The longest silence that a flow survives.
  mutating func timeout(of slot: Int) -> Int64 {
    let timeout =
      switch flows[slot].phase {
      case .established: limits.establishedTimeout
      case .reset: limits.resetTimeout
      case .refused: limits.refusedTimeout
      case .finished:
        // Until both FINs have arrived they come again, and later each time.
        flows[slot].facts.has(FlowFacts.finAcknowledged, 0)
          && flows[slot].facts.has(FlowFacts.finAcknowledged, 1)
          ? limits.finishedTimeout : limits.halfClosedTimeout
      case .halfClosed: limits.halfClosedTimeout
      case .other, .opening, .answered: limits.otherTimeout
      }
    return timeout &+ limits.lateness
  }

  /// Moves a connection on to a phase, which may have another timeout.
  mutating func enter(_ phase: Flow.Phase, slot: Int) {
    flows[slot].phase = phase
    dues[slot] = .min
  }

  /// Whether it is the SYN, or SYN/ACK, of a new connection between the same ports. While one is
  /// being opened every SYN is a new try of it, with whatever number.
  private mutating func isReopening(_ packet: inout DecodedPacket, slot: Int, direction: Int)
    -> Bool
  {
    guard packet.flags.rawValue & 0x07 == 0x02 else { return false }
    let isAnswer = packet.flags.rawValue & 0x10 != 0
    let facts = flows[slot].facts
    switch flows[slot].phase {
    case .opening, .answered, .other: return false
    case .established, .halfClosed, .finished, .reset, .refused:
      // A late copy of the one that opened this connection opens none.
      let isKnown =
        isAnswer
        ? facts.has(FlowFacts.synAck, direction) && packet.sequence == details[slot].synAckSequence
        : facts.has(FlowFacts.syn, direction) && packet.sequence == details[slot].synSequence
      if isKnown { return flows[slot].phase == .refused && !isAnswer }
      // A SYN/ACK that was late is of this connection, too.
      return !isAnswer || facts.has(FlowFacts.synAck, direction)
    }
  }

  /// Ends a flow whose key another one takes.
  mutating func supersede(_ slot: Int, at time: Timestamp) {
    if !isOver(slot, silence: time - flows[slot].last) {
      flows[slot].facts.note(FlowFacts.superseded)
    }
    end(slot)
  }

  /// Begins the flow of `packet`; nil, and counted, when there is no room.
  mutating func begin(_ packet: inout DecodedPacket, hash: UInt32) -> Int? {
    if openCount >= limits.flows { evict(at: packet.time) }
    guard openCount < limits.flows, let slot = reserve() else {
      flowTally.lose(.flowTableFull)
      return nil
    }
    if clock == nil { clock = packet.time }
    let (firstIsClient, score) = guessDirection(&packet)
    let isListed = flows[slot].facts.has(FlowFacts.listed)
    flows[slot] = Flow(&packet)
    flows[slot].facts.set(FlowFacts.listed, to: isListed)
    flows[slot].facts.set(FlowFacts.reversed, to: !firstIsClient)
    details[slot] = FlowDetail(&packet, id: nextID, reportInterval: limits.reportInterval)
    details[slot].directionScore = score
    nextID &+= 1
    learnTunnel(&packet, slot: slot, direction: 0)
    expectWayBack(&packet, slot: slot)
    learnPlace(&packet, slot: slot)
    dues[slot] = .min
    index.insert(hash, slot: slot)
    openCount += 1
    return slot
  }

  private mutating func reserve() -> Int? {
    if let reused = free.popLast() { return Int(reused) }
    guard flows.count < extras.limit else { return nil }
    flows.append(Flow())
    details.append(FlowDetail())
    dues.append(.max)
    return flows.count - 1
  }

  /// Ends the flow of a few that is worth least: what is over, what was never answered, what is silent
  /// for longest. A new flow always finds a place.
  private mutating func evict(at time: Timestamp) {
    guard !flows.isEmpty else { return }
    var best: (slot: Int, worth: Int)?
    for _ in 0..<16 {
      evictionHand = evictionHand + 1 < flows.count ? evictionHand + 1 : 0
      guard flows[evictionHand].use == .open else { continue }
      let worth = worth(evictionHand, at: time)
      if let known = best,
        (known.worth, flows[known.slot].last) <= (worth, flows[evictionHand].last)
      {
        continue
      }
      best = (evictionHand, worth)
    }
    if let best { end(best.slot) }
  }

  /// How little is lost with a flow's place: the least first.
  private func worth(_ slot: Int, at time: Timestamp) -> Int {
    let silence = time - flows[slot].last
    switch flows[slot].phase {
    case .finished, .reset, .refused: return 0
    // Those of a flood take each other's places.
    case .opening, .answered: return silence > 1_000_000_000 ? 1 : 3
    case .other
    where flows[slot].facts.has(FlowFacts.seen, 0) && flows[slot].facts.has(FlowFacts.seen, 1):
      // An exchange of datagrams, most likely over.
      return silence > Self.exchangeSilence ? 1 : 3
    case .other: return silence > limits.idleBeforeEviction ? 2 : 3
    case .established, .halfClosed: return silence > limits.idleBeforeEviction ? 2 : 4
    }
  }

  /// Datagrams in both directions, and then nothing for so long, are an exchange that is over.
  private static var exchangeSilence: Int64 { 100_000_000 }

  /// Takes a flow out of the table. Its slot waits in ``ended``.
  mutating func end(_ slot: Int) {
    index.remove(flows[slot].hash(seed: limits.hashSeed), slot: slot)
    forgetWayBack(slot: slot)
    flows[slot].use = .ended
    dues[slot] = .max
    openCount -= 1
    ended.append(slot)
  }

  /// Notes the tunnel that the first packet of a direction came through.
  mutating func learnTunnel(_ packet: inout DecodedPacket, slot: Int, direction: Int) {
    guard packet.tunnel.tier > 0, let extra = extra(of: slot) else { return }
    extras.slots[extra].tunnel[direction] = packet.tunnel
    if direction == 1, packet.tunnel.id == flows[slot].tunnelID { forgetWayBack(slot: slot) }
  }

  /// The place of what only some flows have; nil when there is no room, which only hostile limits
  /// bring about.
  mutating func extra(of slot: Int) -> Int? {
    if details[slot].extra == Pool<FlowExtra>.none {
      details[slot].extra = extras.insert(FlowExtra())
    }
    return details[slot].extra == Pool<FlowExtra>.none ? nil : Int(details[slot].extra)
  }
}
