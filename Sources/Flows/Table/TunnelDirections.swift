// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Flows of which each direction comes through a tunnel of an id of its own: mirrors that give each
/// side of a port another session or key, and networks that route back another way.
///
/// The id belongs to the flow's key, as the address spaces of two tunnels may be the same. So what has
/// the id of no flow is taken for the way back of one whose ends are right, and of which nothing came
/// back yet, or only with this id.
struct TunnelDirections {
  /// Flows whose way back may have another id, by their ends alone.
  private var index = SlotIndex()

  /// Flows of the same ends that are looked at before the search is given up.
  private static let candidates = 16

  mutating func insert(_ hash: UInt32, slot: Int) { index.insert(hash, slot: slot) }

  mutating func remove(_ hash: UInt32, slot: Int) { index.remove(hash, slot: slot) }

  func find(_ hash: UInt32, where matches: (Int) -> Bool) -> Int? {
    var seen = 0
    var found: Int?
    _ = index.find(hash) { slot in
      seen += 1
      if matches(slot) { found = slot }
      return found != nil || seen >= Self.candidates
    }
    return found
  }
}

extension FlowTable {
  /// The flow that a packet out of a tunnel is the way back of, though its id is another.
  @inline(never)
  mutating func findWayBack(_ packet: inout DecodedPacket) -> Int? {
    let hash = Flow.looseHash(of: &packet, seed: limits.hashSeed)
    let tunnel = packet.tunnel
    packet.tunnel.id = 0
    let found = wayBacks.find(hash) { slot in
      packet.tunnel.id = flows[slot].tunnelID
      return flows[slot].direction(of: &packet) == 1
        && isWayBack(&packet, through: tunnel.id, slot: slot)
    }
    packet.tunnel = tunnel
    return found
  }

  private func isWayBack(
    _ packet: inout DecodedPacket, through id: UInt32, slot: Int
  ) -> Bool {
    let extra = details[slot].extra
    if flows[slot].facts.has(FlowFacts.seen, 1),
      extra == Pool<FlowExtra>.none || extras.slots[Int(extra)].tunnel[1].id != id
    {
      return false
    }
    guard flows[slot].isTCP, packet.flags.rawValue & 0x10 != 0,
      flows[slot].facts.has(FlowFacts.numbered, 0)
    else { return true }
    // What comes back acknowledges what was sent.
    let distance = Int32(bitPattern: packet.acknowledgement &- flows[slot].next[0])
    return distance.magnitude < 1 << 24
  }

  /// Makes a new flow known to those whose way back may have another id.
  mutating func expectWayBack(_ packet: inout DecodedPacket, slot: Int) {
    guard packet.tunnel.tier > 0, let extra = extra(of: slot) else { return }
    let hash = Flow.looseHash(of: &packet, seed: limits.hashSeed)
    extras.slots[extra].looseHash = hash
    wayBacks.insert(hash, slot: slot)
  }

  /// Takes a flow out of them: it ended, or comes back with the same id.
  mutating func forgetWayBack(slot: Int) {
    let extra = details[slot].extra
    guard extra != Pool<FlowExtra>.none else { return }
    let hash = extras.slots[Int(extra)].looseHash
    guard hash != 0 else { return }
    wayBacks.remove(hash, slot: slot)
    extras.slots[Int(extra)].looseHash = 0
  }
}
