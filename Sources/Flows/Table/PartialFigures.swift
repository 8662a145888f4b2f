// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Figures that only some seconds of a flow have, by direction of the packets.
protocol PartialFigures: BitwiseCopyable {
  mutating func add(_ other: inout Self)

  /// Adds them to `figures`, with `client` as the direction of what the client sends.
  func add(to figures: inout FlowFigures, client: Int)
}

extension Pool where Value: PartialFigures {
  /// Adds what stands at `place` to what stands at `sum`, whose place it takes when there is nothing.
  mutating func merge(_ place: UInt32, into sum: inout UInt32) {
    guard sum != Self.none else { return sum = place }
    var part = slots[Int(place)]
    slots[Int(sum)].add(&part)
    remove(place)
  }
}
