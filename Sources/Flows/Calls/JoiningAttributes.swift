// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

extension FlowEngine {
  /// Joins attributes to those that the call in slot `number` has: `told` is a run in its texts, counted
  /// from `offset` on. A run is one text, so two are copied behind each other.
  mutating func join(_ told: Text, textsAt offset: Int, to number: Int) {
    guard told.length > 0 else { return }
    var told = told
    told.offset &+= UInt32(truncatingIfNeeded: offset)
    let known = pending.slots[number].record.attributes
    guard known.length > 0 else { return pending.slots[number].record.attributes = told }
    scratch.removeAll(keepingCapacity: true)
    pending.text.copy(pending.slots[number].text, into: &scratch)
    joined.removeAll(keepingCapacity: true)
    copyRun(known)
    copyRun(told)
    let start = pending.slots[number].text.count
    guard pending.append(joined, to: number) else { return }
    pending.slots[number].record.attributes = Text(
      offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: joined.count))
  }

  private mutating func copyRun(_ run: Text) {
    let end = min(Int(run.offset) + Int(run.length), scratch.count)
    for index in min(Int(run.offset), end)..<end { joined.append(scratch[index]) }
  }
}

extension Message {
  /// There is no room for its texts.
  mutating func forgetTexts() {
    texts = CallTexts()
    attributes = .empty
  }
}
