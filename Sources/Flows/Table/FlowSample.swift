// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Keeps a rate of flow records by a random sample: of each four seconds, every record has the same
/// chance to stay, however many there are (reservoir sampling, Vitter's algorithm R).
struct FlowSample {
  /// A record and the texts it will have.
  struct Held {
    var record: FlowRecord
    var interface: UInt32
    var domain: TextPool.Chain
  }

  static let windowSeconds: Int64 = 4

  private(set) var held: [Held] = []
  private var offered: UInt64 = 0
  private var state: UInt64
  private let capacity: Int

  init(recordsPerSecond: Int, seed: UInt64) {
    capacity = max(1, recordsPerSecond) * Int(Self.windowSeconds)
    state = seed
  }

  /// Takes a record into the window, and gives back the one that is left out for it, if any.
  mutating func offer(_ new: Held) -> Held? {
    offered += 1
    guard held.count >= capacity else {
      held.append(new)
      return nil
    }
    let place = random(below: offered)
    guard place < UInt64(capacity) else { return new }
    var left = new
    swap(&left, &held[Int(place)])
    return left
  }

  /// Begins a new window. What is held must have been written.
  mutating func removeAll() {
    // Room for a busy window is given back: the next may be quiet.
    held.removeAll(keepingCapacity: held.capacity <= 4_096)
    offered = 0
  }

  /// SplitMix64, scaled by its high word.
  private mutating func random(below limit: UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return (mixed ^ (mixed >> 31)).multipliedFullWidth(by: limit).high
  }
}
