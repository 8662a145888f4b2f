// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// The TCP, UDP and ICMP conversations that packets show, their state and their figures.
///
/// Owned by one thread. It reads no clock: time is what packets and ``advance(to:into:)`` say. A flow
/// that ended keeps its slot, and may still be told of calls, until its owner releases it.
struct FlowTable: ~Copyable {
  /// A slot's number is a flow's handle from the packet that made it to its release.
  private(set) var flows: [Flow] = []
  private(set) var details: [FlowDetail] = []
  /// Slots of flows that ended and wait for ``release(_:into:)``, oldest first.
  var ended: [Int] = []
  private(set) var tallies = FlowTableTallies()

  private var index = SlotIndex()
  private var free: [UInt32] = []
  private var interfaces: [InterfaceDescription] = []
  private var nextID: UInt64
  private let limits: FlowTableLimits

  init(limits: FlowTableLimits) {
    self.limits = limits
    nextID = limits.firstFlowID
  }

  var count: Int { flows.count - free.count }

  /// Makes an interface known; its number is what packets carry.
  mutating func addInterface(_ description: InterfaceDescription) -> UInt32 {
    guard interfaces.count < limits.interfaces else { return UInt32(interfaces.count - 1) }
    interfaces.append(description)
    return UInt32(interfaces.count - 1)
  }

  /// Says anew what an interface stands next to; flows that are there already keep what they know.
  mutating func setInterface(_ id: UInt32, _ description: InterfaceDescription) {
    guard Int(id) < interfaces.count else { return }
    interfaces[Int(id)] = description
  }

  /// Whether the slot holds a flow that more packets may come for.
  func isOpen(_ slot: Int) -> Bool {
    flows[slot].use == .open
  }

  /// The flow's id, as its records carry it.
  func id(_ slot: Int) -> UInt64 { details[slot].id }

  /// Counts `packet` for its flow, which it may begin; nil when the table is full.
  mutating func take(_ packet: inout DecodedPacket) -> FlowHit? {
    let hash = Flow.hash(of: &packet, seed: limits.hashSeed)
    if let slot = index.find(hash, where: { flows[$0].direction(of: &packet) >= 0 }) {
      let direction = flows[slot].direction(of: &packet)
      flows[slot].last = max(flows[slot].last, packet.time)
      details[slot].count(&packet, direction: direction)
      return FlowHit(slot: slot, direction: direction, isNew: false)
    }
    guard let slot = insert(&packet, hash: hash) else {
      tallies.flows.lose(.flowTableFull)
      return nil
    }
    details[slot].count(&packet, direction: 0)
    return FlowHit(slot: slot, direction: 0, isNew: true)
  }

  private mutating func insert(_ packet: inout DecodedPacket, hash: UInt32) -> Int? {
    let slot: Int
    if let reused = free.popLast() {
      slot = Int(reused)
      flows[slot] = Flow(&packet, hash: hash)
      details[slot] = FlowDetail(&packet, id: nextID)
    } else {
      guard flows.count < limits.flows else { return nil }
      slot = flows.count
      flows.append(Flow(&packet, hash: hash))
      details.append(FlowDetail(&packet, id: nextID))
    }
    nextID &+= 1
    index.insert(hash, slot: slot)
    return slot
  }

  /// Tells which end is the client, as `score` (0 to 255) of certainty has it. What is surer already
  /// stays.
  mutating func learnDirection(slot: Int, firstIsClient: Bool, score: UInt8) {
    guard score > flows[slot].directionScore else { return }
    flows[slot].directionScore = score
    flows[slot].firstIsClient = firstIsClient
  }

  /// Tells what the flow speaks, and the first host or name that was asked for.
  mutating func learnProtocol(
    slot: Int, _ number: ApplicationProtocol, domain: Span<UInt8>
  ) {
    details[slot].applicationProtocol = number
  }

  /// Counts what was seen of a call: a request, its end, or both; see ``CallCount``.
  mutating func countCall(slot: Int, _ call: CallCount, at time: Timestamp) {
    details[slot].figures.requests &+= call.isRequest ? 1 : 0
  }

  /// Does what time brings: ends flows that fell silent, reports those that go on, closes seconds.
  /// Call it a few times a second of the time that packets carry.
  mutating func advance(to now: Timestamp, into batch: inout RecordBatch) {
    for slot in flows.indices
    where flows[slot].use == .open && now - flows[slot].last > limits.otherTimeout {
      end(slot)
    }
  }

  /// Ends all flows, whose slots stand in ``ended``. Once they are released, ``flush(into:)`` writes
  /// what is left.
  mutating func finish(now: Timestamp, into batch: inout RecordBatch) {
    for slot in flows.indices where flows[slot].use == .open { end(slot) }
  }

  /// Emits all intervals and held records: nothing will follow.
  mutating func flush(into batch: inout RecordBatch) {}

  private mutating func end(_ slot: Int) {
    index.remove(flows[slot].hash, slot: slot)
    flows[slot].use = .ended
    ended.append(slot)
  }

  /// Writes the last report of an ended flow and gives its slot back.
  mutating func release(_ slot: Int, into batch: inout RecordBatch) {
    guard flows[slot].use == .ended else { return }
    batch.flows.append(details[slot].record(of: flows[slot]))
    tallies.flows.pass()
    flows[slot].use = .free
    free.append(UInt32(slot))
  }

  /// Hands over what was counted since the last call.
  mutating func takeTallies() -> FlowTableTallies {
    defer { tallies = FlowTableTallies() }
    return tallies
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

/// What became known of a call of a flow.
struct CallCount {
  /// The request was seen.
  var isRequest = false
  /// The response was seen, or its lack is certain.
  var isEnd = false
  var status: ResponseStatus = .ok
  /// Request to response, microseconds; nil when not both were seen.
  var duration: UInt64?
}

/// What a ``FlowTable`` did with what it was given.
struct FlowTableTallies {
  /// Flow reports, and packets that found no room for their flow.
  var flows = Tally()
  /// Figures of one flow in one second, counted in a second's row, and again in a minute's.
  var rollup = Tally()
}
