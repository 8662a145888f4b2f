// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Keeps a rate of flow records by a random sample: of each four seconds, every record has the same
/// chance to stay, however many there are (reservoir sampling, Vitter's algorithm R).
///
/// A window's records are written after it, a part at a time, while the next one gathers.
struct FlowSample {
  /// A record and the texts it will have; its domain is one of ``FlowTable/domains``.
  struct Held {
    var record: FlowRecord
    var interface: UInt32
    var domain: UInt32
  }

  /// Records that are allocated, and written, together.
  private static let partSize = 1_024
  private static let windowSeconds = 4

  /// Those of the window; all parts but the last are full.
  private var parts: [[Held]] = []
  /// Those of windows that are over, the next last.
  private var writable: [[Held]] = []
  private var offered: UInt64 = 0
  private var state: UInt64
  private let capacity: Int

  init(recordsPerSecond: Int, seed: UInt64) {
    capacity = max(1, recordsPerSecond) * Self.windowSeconds
    state = seed
  }

  /// Records that wait for the end of their window, or to be written.
  var count: Int { (parts + writable).reduce(0) { $0 + $1.count } }

  /// Whether nothing is left of the windows that are over.
  var isWritten: Bool { writable.isEmpty }

  /// Takes a record into the window, and gives back the one that is left out for it, if any.
  mutating func offer(_ new: Held) -> Held? {
    offered += 1
    guard offered > UInt64(capacity) else {
      if (offered - 1) % UInt64(Self.partSize) == 0 { parts.append([]) }
      parts[parts.count - 1].append(new)
      return nil
    }
    let place = random(below: offered)
    guard place < UInt64(capacity) else { return new }
    var left = new
    swap(&left, &parts[Int(place) / Self.partSize][Int(place) % Self.partSize])
    return left
  }

  /// Begins a new window: the records of this one can be written.
  mutating func beginWindow() {
    writable = parts.reversed() + writable
    parts = []
    offered = 0
  }

  /// Gives away a part of what is to be written; nil when nothing is.
  mutating func takeWritable() -> [Held]? { writable.popLast() }

  /// SplitMix64, scaled by its high word.
  private mutating func random(below limit: UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return (mixed ^ (mixed >> 31)).multipliedFullWidth(by: limit).high
  }
}
