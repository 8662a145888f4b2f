// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The network figures of one interval, a row a pair.
struct NetworkTable {
  struct Row: BitwiseCopyable {
    var pair: UInt32
    /// How many times figures were added: what the tally of the roll-up counts.
    var updates: UInt64 = 0
    var figures = FlowFigures()
    var newFlows: UInt32 = 0
    var closedFlows: UInt32 = 0
    var closes = CloseCounts()
    /// Open flows that came to the pair, or left it, in the interval.
    var joined: UInt32 = 0
    var left: UInt32 = 0
    var load: UInt32 = 0
    var directionScore: UInt8 = 0
  }

  /// In order of first appearance, which is the order in which they are written.
  var rows: [Row] = []
  /// By pair, its row; `UInt32.max` for none.
  private var places: [UInt32] = []
  /// The most rows of an interval since room was given back.
  private var peak = 0

  var isEmpty: Bool { rows.isEmpty }
  var footprint: Int { rows.heldBytes + places.heldBytes }

  func hasRow(of pair: UInt32) -> Bool {
    Int(pair) < places.count && places[Int(pair)] != .max
  }

  /// The row of `pair`, and whether it is new.
  mutating func row(of pair: UInt32) -> (row: Int, isNew: Bool) {
    if Int(pair) < places.count {
      let place = places[Int(pair)]
      if place != .max { return (Int(place), false) }
    } else {
      places.append(contentsOf: repeatElement(.max, count: Int(pair) + 1 - places.count))
    }
    places[Int(pair)] = UInt32(rows.count)
    rows.append(Row(pair: pair))
    return (rows.count - 1, true)
  }

  /// Gives back what no interval needed since it was called last.
  mutating func giveBack() {
    defer { peak = rows.count }
    guard rows.isEmpty, rows.capacity > 256, peak * 8 < rows.capacity else { return }
    rows = []
    places = []
  }

  mutating func removeAll() {
    peak = max(peak, rows.count)
    for row in rows.indices { places[Int(rows[row].pair)] = .max }
    rows.empty()
  }
}
