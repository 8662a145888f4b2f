// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The processes that records spoke of: each is told once, so that it can be described once.
///
/// When more are remembered than there is room for, the one told longest ago is forgotten and will
/// be told again: harmless, a description is a repeatable statement.
struct MentionedProcesses {
  private var known: [ProcessKey] = []
  private var index = SlotIndex()
  private var hand = 0
  /// Mentioned last, so known: most mentions are of the same few.
  private var last = ProcessKey.unknown
  private let seed: UInt64
  private let limit: Int
  /// Told and not yet taken.
  private(set) var fresh: [ProcessKey] = []

  init(limits: FlowLimits) {
    seed = limits.hashSeed
    limit = max(1, limits.processes)
  }

  @inline(__always)
  mutating func mention(_ process: ProcessKey) {
    guard process.pid != 0, !process.isSame(as: last) else { return }
    last = process
    let hash = hash(process)
    if index.find(hash, where: { known[$0].isSame(as: process) }) == nil {
      remember(process, hash: hash)
    }
  }

  func contains(_ process: ProcessKey) -> Bool {
    index.find(hash(process)) { known[$0].isSame(as: process) } != nil
  }

  mutating func take(into processes: inout [ProcessKey]) {
    processes.append(contentsOf: fresh)
    fresh.removeAll(keepingCapacity: true)
  }

  private mutating func remember(_ process: ProcessKey, hash: UInt32) {
    fresh.append(process)
    if fresh.count > limit { fresh.removeFirst() }
    if known.count < limit {
      index.insert(hash, slot: known.count)
      known.append(process)
    } else {
      index.remove(self.hash(known[hand]), slot: hand)
      if last == known[hand] { last = .unknown }
      known[hand] = process
      index.insert(hash, slot: hand)
      hand = hand + 1 < limit ? hand + 1 : 0
    }
  }

  private func hash(_ process: ProcessKey) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(process)
    return hash.value
  }
}
