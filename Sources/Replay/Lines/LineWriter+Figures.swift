// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A figure that is not zero becomes a member.
extension LineWriter: FigureVisitor {
  @inline(__always)
  mutating func figure(_ column: StaticString, _ value: UInt64, _ about: StaticString) {
    member(column, #"":"#, value)
  }

  @inline(__always)
  mutating func sides(
    _ column: StaticString, _ sent: UInt64, _ received: UInt64, _ about: StaticString
  ) {
    member(column, #"_tx":"#, sent)
    member(column, #"_rx":"#, received)
  }

  @inline(__always)
  mutating func latency(_ column: StaticString, _ samples: LatencySum) {
    guard samples.count > 0 else { return }
    member(column, #"_sum":"#, samples.sum)
    member(column, #"_count":"#, samples.count)
    member(column, #"_max":"#, samples.maximum)
  }

  @inline(__always)
  private mutating func member(_ key: StaticString, _ end: StaticString, _ value: UInt64) {
    guard value != 0 else { return }
    raw(#",""#)
    raw(key)
    raw(end)
    number(value)
  }
}
