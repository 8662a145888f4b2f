// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Finding the request with an id: ids are the peer's word, so chains of equal ones are bounded.
extension FlowEngine {
  /// Requests of one id and socket that are looked at before the search is given up.
  private static let chainLimit = 16

  mutating func index(_ number: Int, identifier: UInt64, slot: Int) {
    let hash = Self.hash(identifier, slot: slot, limits.hashSeed)
    pending.slots[number].hash = hash
    pending.slots[number].exchange = identifier
    pending.slots[number].isIndexed = true
    pending.index.insert(hash, slot: number)
  }

  /// The oldest request of this id that waits for bytes of this way, from the same remote as far as both are known, and of the
  /// same question if both say one. Who asks a group is answered by one of it, and may be by way of it.
  mutating func find(
    _ identifier: UInt64, _ question: MessageQuestion?, answeredBy first: inout Moment,
    isToGroup: Bool,
    slot: Int
  ) -> Int? {
    var best: Int?
    var seen = 0
    _ = pending.index.find(Self.hash(identifier, slot: slot, limits.hashSeed)) { candidate in
      let call = pending.slots[candidate]
      guard call.conversation == slot, call.exchange == identifier, call.state == .waiting,
        call.direction.index != first.direction.index
      else { return false }
      seen += 1
      let isClient =
        call.record.observationPoint.rawValue == ObservationPoint.clientProcess.rawValue
      let end = isClient ? call.record.server : call.record.client
      if let asked = call.question, let question, !asked.matches(question) {
        return seen >= Self.chainLimit
      }
      if end.port == 0 || first.remotePort == 0 || isToGroup || call.isToGroup
        || (end.port == first.remotePort && end.address == first.remote)
      {
        let isOlder = best.map { pending.slots[$0].record.start > call.record.start } ?? true
        if isOlder { best = candidate }
      }
      return seen >= Self.chainLimit
    }
    return best
  }

  /// The call of this id that goes on in messages of `kind` which move in `direction`.
  mutating func findUnderWay(
    _ identifier: UInt64, _ kind: Message.Kind, _ direction: SocketEvent.Direction, slot: Int
  ) -> Int? {
    let asked = kind == .response ? direction.opposite : direction
    return pending.index.find(Self.hash(identifier, slot: slot, limits.hashSeed)) { candidate in
      let call = pending.slots[candidate]
      return call.conversation == slot && call.exchange == identifier
        && call.direction.index == asked.index
        && (call.state == .answering || (kind == .request && call.state == .waiting))
    }
  }

  /// What the request with this id left that bytes of `direction` answer.
  mutating func asked(
    _ identifier: UInt64, answeredBy direction: SocketEvent.Direction, slot: Int
  ) -> Asked {
    var seen = 0
    var oldest: Int?
    _ = pending.index.find(Self.hash(identifier, slot: slot, limits.hashSeed)) { candidate in
      // Those that are looked at are the same as when the answer is paired.
      guard pending.slots[candidate].conversation == slot,
        pending.slots[candidate].exchange == identifier,
        pending.slots[candidate].state == .waiting,
        pending.slots[candidate].direction.index != direction.index
      else { return false }
      seen += 1
      let start = pending.slots[candidate].record.start
      if oldest.map({ pending.slots[$0].record.start > start }) ?? true { oldest = candidate }
      return seen >= Self.chainLimit
    }
    return oldest.map { .note(pending.slots[$0].note) } ?? .nothing
  }

  static func hash(_ identifier: UInt64, slot: Int, _ seed: UInt64) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(identifier)
    hash.combine(UInt64(slot))
    return hash.value
  }
}
