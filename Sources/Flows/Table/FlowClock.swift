// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How far ``FlowTable/advance(to:into:)`` came.
enum ClockProgress {
  /// To where it was told.
  case arrived
  /// To some moment before: release ``FlowTable/ended``, and call it again.
  case underway
  /// The batch is full: take it, and call it again, at once or with a later time.
  case full
}

/// What time brings.
extension FlowTable {
  /// Ends flows that fell silent, reports those that go on, writes what is over. Call it a few times a
  /// second of the time that packets carry, before the packets of a new second.
  ///
  /// It goes in steps of a second, or less with many flows, so that each flow ends in its own second
  /// and one step writes a bounded number of records; what ended in one is to be released before the
  /// next.
  mutating func advance(to now: Timestamp, into batch: inout RecordBatch) -> ClockProgress {
    guard let from = clock else {
      clock = now
      return .arrived
    }
    let isOver = closeSeconds(through: (from + -limits.lateness).seconds - 1, into: &batch)
    guard isOver, writeSample(into: &batch), !isFull(batch) else { return .full }
    let ahead = now - from
    guard ahead > 0 else {
      return -ahead <= limits.longestStepBack ? .arrived : goBack(to: now, into: &batch)
    }
    let step = step(from: from, ahead: ahead)
    let time = from + step
    clock = time
    sweep(step, at: time, into: &batch)
    if time.seconds.sampleWindow != from.seconds.sampleWindow { sample?.beginWindow() }
    return .underway
  }

  /// Whether no more is to be ended or reported before the batch is taken.
  func isFull(_ batch: borrowing RecordBatch) -> Bool {
    limits.flowsAtOnce.map { batch.flows.count >= $0 } ?? false
  }

  /// An hour: that far it does not go second by second.
  private static var farAhead: Int64 { 3_600_000_000_000 }

  /// How far the clock goes at a time on its way `ahead`.
  private func step(from: Timestamp, ahead: Int64) -> Int64 {
    guard count > 0 else { return ahead }
    let step = min(ahead, largestStep)
    guard ahead > Self.farAhead, let due = dues.min() else { return step }
    // The clock was set, or a capture goes on much later: what packets there began is not due yet,
    // and the time before it may be years.
    let (silence, isFar) = due.subtractingReportingOverflow(from.nanoseconds)
    return isFar ? step : max(step, min(ahead, silence))
  }

  /// How far the clock goes at once while something may be due, so that the sweep looks at as many
  /// slots as records may be written at once. Nanoseconds.
  private var largestStep: Int64 {
    let second: Int64 = 1_000_000_000
    guard let count = limits.flowsAtOnce, flows.count > count else { return second }
    return max(1, second / Int64(flows.count) * Int64(count))
  }

  /// Ends everything, as time went back by so much that it is another time: of another file, or of a
  /// clock that was set.
  private mutating func goBack(
    to now: Timestamp, into batch: inout RecordBatch
  ) -> ClockProgress {
    guard count == 0 else {
      endAll()
      return .underway
    }
    guard flush(into: &batch) else { return .full }
    clock = now
    return .arrived
  }

  /// Ends all flows, whose slots then stand in ``ended``. Release them, then ``flush(into:)``.
  mutating func finish(now: Timestamp) {
    if let from = clock, from < now { clock = now }
    endAll()
  }

  private mutating func endAll() {
    for slot in flows.indices where flows[slot].use == .open {
      flows[slot].facts.note(FlowFacts.stopped)
      end(slot)
    }
  }

  /// Writes all intervals and held records: nothing will follow. False when the batch is full: take
  /// it, and call again.
  mutating func flush(into batch: inout RecordBatch) -> Bool {
    guard rollup.finish(into: &batch) else { return false }
    sample?.beginWindow()
    return writeSample(into: &batch)
  }

  /// Looks at as many slots as all of them have in a second, so that work does not come in heaps.
  private mutating func sweep(_ step: Int64, at now: Timestamp, into batch: inout RecordBatch) {
    guard openCount > 0 else { return }
    let share = Int64(flows.count) * min(step, 1_000_000_000) / 1_000_000_000
    for _ in 0..<min(Int(share) + 64, flows.count) {
      sweepHand = sweepHand + 1 < flows.count ? sweepHand + 1 : 0
      if now.nanoseconds >= dues[sweepHand] { look(at: sweepHand, now: now, into: &batch) }
    }
  }

  /// Ends a flow that fell silent, or reports one that goes on when it is time to.
  private mutating func look(at slot: Int, now: Timestamp, into batch: inout RecordBatch) {
    guard flows[slot].use == .open else { return }
    guard !isOver(slot, silence: now - flows[slot].last) else { return end(slot) }
    if now.nanoseconds >= details[slot].reportDue { reportProgress(slot, now: now, into: &batch) }
    dues[slot] = min(
      details[slot].reportDue, flows[slot].last.nanoseconds &+ timeout(of: slot) &+ 1)
  }
}

extension Int64 {
  /// Of a second: which window of ``FlowSample`` it lies in.
  fileprivate var sampleWindow: Int64 { self >> 2 }
}
