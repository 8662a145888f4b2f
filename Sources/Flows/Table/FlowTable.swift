// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// The TCP, UDP and ICMP conversations that packets show, their state and their figures.
///
/// Owned by one thread. It reads no clock: time is what packets and ``advance(to:into:)`` say, so the
/// same calls give the same records. A flow that ended keeps its slot, and may still be told of calls,
/// until its owner releases it. Everything is bounded by ``FlowTableLimits``; what found no room, or
/// was left out of a sample, is counted.
struct FlowTable: ~Copyable {
  /// A slot's number is a flow's handle from the packet that made it to its release.
  var flows: [Flow] = []
  var details: [FlowDetail] = []
  /// When time has something for a slot: its flow may be silent for too long, or is to be reported.
  /// Nanoseconds since the epoch; `Int64.max` without an open flow. Apart, so that looking for what is
  /// due brings in little.
  var dues: [Int64] = []
  /// Slots with figures of a second that may be open: those with ``FlowFacts/listed``.
  var counting: [UInt32] = []
  /// Slots of flows that ended and wait for ``release(_:into:)``, oldest first. The owner empties it,
  /// after every packet or at least before every advance.
  var ended: [Int] = []

  // The parts below are the table's own, in files of their own.
  var index = SlotIndex()
  var wayBacks = TunnelDirections()
  private var recent = RecentPackets()
  var free: [UInt32] = []
  /// Flows that have not ended.
  var openCount = 0
  var interfaces = Interfaces()
  var samples: Pool<FlowSamples>
  var incidents: Pool<FlowIncidents>
  var extras: Pool<FlowExtra>
  var gaps: Pool<SequenceGaps>
  var echoes: Pool<PendingEchoes>
  var domains: SharedTexts
  var served: ServedEnds
  var rollup: NetworkRollup
  var sample: FlowSample?
  var flowTally = Tally()
  /// Packets that were copies of others.
  var copies: UInt64 = 0
  /// What was advanced to; nil before the first packet.
  var clock: Timestamp?
  /// Where the sweep goes on, and where the search for a flow to give up does.
  var sweepHand = 0
  var evictionHand = 0
  var nextID: UInt64
  let limits: FlowTableLimits

  /// Ended flows that may wait for their release while new ones begin.
  private static let endedLimit = 4_096

  init(limits: FlowTableLimits) {
    self.limits = limits
    nextID = limits.firstFlowID
    // Address space, not memory: a table that grows would move all of its flows, a few times.
    flows.reserveCapacity(limits.flows + Self.endedLimit)
    details.reserveCapacity(limits.flows + Self.endedLimit)
    dues.reserveCapacity(limits.flows + Self.endedLimit)
    // Each flow has at most one place for its open second and one for its report.
    samples = Pool(limit: 2 * (limits.flows + Self.endedLimit))
    incidents = Pool(limit: 2 * (limits.flows + Self.endedLimit))
    extras = Pool(limit: limits.flows + Self.endedLimit)
    gaps = Pool(limit: limits.disorderedDirections)
    echoes = Pool(limit: limits.echoFlows)
    domains = SharedTexts(bytes: limits.domainBytes, seed: limits.hashSeed)
    served = ServedEnds(ends: limits.rememberedEnds, seed: limits.hashSeed)
    rollup = NetworkRollup(limits: limits)
    sample = limits.flowRecordsPerSecond.map {
      FlowSample(recordsPerSecond: $0, seed: limits.sampleSeed)
    }
  }

  /// Flows that have a slot: those that ended and are not released, too.
  var count: Int { flows.count - free.count }

  /// Gives back the memory of the free slots behind the last that is used; the address space stays. What
  /// ended must have been released.
  mutating func giveBack() {
    guard ended.isEmpty else { return }
    let end = SlotTrim.end(of: flows.count, &free)
    let room = limits.flows + Self.endedLimit
    guard end < flows.count else { return }
    counting.removeAll { Int($0) >= end }
    flows.cut(to: end, reserving: room)
    details.cut(to: end, reserving: room)
    dues.cut(to: end, reserving: room)
    (sweepHand, evictionHand) = (0, 0)
    index.giveBack()
    samples.giveBack()
    incidents.giveBack()
    extras.giveBack()
    gaps.giveBack()
    echoes.giveBack()
  }

  /// Bytes of the slots that were used.
  var footprint: Int {
    flows.count * (MemoryLayout<Flow>.stride + MemoryLayout<FlowDetail>.stride)
      + samples.footprint + incidents.footprint + extras.footprint + gaps.footprint
      + echoes.footprint + rollup.footprint + index.footprint
  }

  /// Makes an interface known; its number is what packets carry. Beyond the limit it is the last.
  mutating func addInterface(_ description: InterfaceDescription) -> UInt32 {
    guard interfaces.descriptions.count < limits.interfaces else {
      return UInt32(interfaces.descriptions.count - 1)
    }
    return interfaces.append(description)
  }

  /// Says anew what an interface stands next to; flows that are there already keep what they know.
  mutating func setInterface(_ id: UInt32, _ description: InterfaceDescription) {
    interfaces.replace(id, description)
  }

  /// Whether the slot holds a flow that more packets may come for.
  func isOpen(_ slot: Int) -> Bool {
    flows[slot].use == .open
  }

  /// The flow's id, as its records carry it.
  func id(_ slot: Int) -> UInt64 { details[slot].id }

  /// Counts `packet` for its flow, which it may begin; nil when the table is full, and for a copy of a
  /// packet that was counted.
  ///
  /// It may also end a flow, by taking its ports or its place: see ``ended``.
  mutating func take(_ packet: inout DecodedPacket) -> FlowHit? {
    let hash = Flow.hash(of: &packet, seed: limits.hashSeed)
    let since = recent.note(&packet)
    var direction = 0
    var found = index.find(hash) { slot in
      direction = flows[slot].direction(of: &packet)
      return direction >= 0
    }
    if found == nil, packet.tunnel.tier > 0 {
      found = findWayBack(&packet)
      direction = 1
    }
    if found == nil, let since, RecentPackets.isCopy(&packet, since: since, known: nil) {
      copies &+= 1
      return nil
    }
    if var slot = found {
      if let since, isCopy(&packet, since: since, slot: slot, direction: direction) {
        copies &+= 1
        return nil
      }
      var isNew = false
      if isAnother(&packet, slot: slot, direction: direction) {
        supersede(slot, at: packet.time)
        guard let made = begin(&packet, hash: hash) else { return nil }
        (slot, direction, isNew) = (made, 0, true)
      }
      count(&packet, slot: slot, direction: direction)
      return FlowHit(slot: slot, direction: direction, isNew: isNew)
    }
    guard let slot = begin(&packet, hash: hash) else { return nil }
    count(&packet, slot: slot, direction: 0)
    return FlowHit(slot: slot, direction: 0, isNew: true)
  }

  @inline(__always)
  private mutating func count(_ packet: inout DecodedPacket, slot: Int, direction: Int) {
    if packet.time.nanoseconds >= flows[slot].secondEnd
      || !flows[slot].traffic[direction].hasRoom(for: &packet)
    {
      openSecond(of: slot, at: packet.time)
    }
    flows[slot].traffic[direction].count(&packet)
    if packet.time.nanoseconds > flows[slot].last.nanoseconds { flows[slot].last = packet.time }
    if packet.isLaterFragment { return }
    flows[slot].flags[direction] |= packet.flags.rawValue
    if flows[slot].takeExpected(&packet, direction, &samples) { return }
    takeRest(&packet, slot: slot, direction: direction)
  }

  /// Takes a packet that is not the expected one of a TCP connection.
  private mutating func takeRest(_ packet: inout DecodedPacket, slot: Int, direction: Int) {
    if !flows[slot].facts.has(FlowFacts.seen, direction) {
      flows[slot].facts.note(FlowFacts.seen, direction)
      details[slot].identification[direction] = packet.identification
      if direction == 1 { learnTunnel(&packet, slot: slot, direction: 1) }
    }
    switch packet.transport.rawValue {
    case TransportProtocol.tcp.rawValue:
      takeUnexpected(&packet, slot: slot, direction: direction)
    case TransportProtocol.udp.rawValue:
      flows[slot].takeDatagram(&packet, direction, &samples)
    default: takeEcho(&packet, slot: slot, direction: direction)
    }
  }

  /// The place of what befell the flow in its open second.
  mutating func incidents(of slot: Int) -> Int {
    if details[slot].incidents == Pool<FlowIncidents>.none {
      details[slot].incidents = incidents.insert(FlowIncidents())
    }
    return Int(details[slot].incidents)
  }

  /// Hands over what was counted since the last call.
  mutating func takeTallies() -> FlowTableTallies {
    defer { flowTally = Tally() }
    return FlowTableTallies(flows: flowTally, rollup: rollup.takeTally())
  }
}

/// What a packet is of.
struct FlowHit {
  var slot: Int
  /// 0 when it goes the way of the flow's first packet, 1 when it comes back.
  var direction: Int
  /// The packet began the flow.
  var isNew: Bool
}

/// What a ``FlowTable`` did with what it was given. Both balance after every call.
struct FlowTableTallies {
  /// Flow reports, and packets that found no room for their flow.
  var flows = Tally()
  /// Figures of one flow in one second, counted in a second's row, and again in a minute's.
  var rollup = Tally()
}
