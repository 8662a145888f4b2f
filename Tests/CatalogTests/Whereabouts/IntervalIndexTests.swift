// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry
import TestSupport
import Testing

@Suite struct IntervalIndexTests {
  private func time(_ second: Double) -> Timestamp {
    Timestamp(nanoseconds: Int64((second * 1_000_000_000).rounded()))
  }

  @Test func whatChangesHandsWithinASecondIsNobodysInThatSecond() {
    var index = IntervalIndex<Int>(capacity: 10)
    index.begin(7, owner: 1, at: time(10.2))
    index.end(7, owner: 1, at: time(20.3))
    index.begin(7, owner: 2, at: time(20.4))
    for (second, holder) in [
      (9, Holder.nobody), (10, .number(1)), (19, .number(1)), (20, .unclear), (21, .number(2)),
      (4_000_000_000, .number(2)),
    ] { #expect(index.holder(of: 7, at: UInt32(second)) == holder, "in \(second)") }
    #expect(index.holder(of: 8, at: 20) == .nobody)
  }

  @Test func anEndAtAWholeSecondLeavesThatSecondToTheNext() {
    var index = IntervalIndex<Int>(capacity: 10)
    index.begin(7, owner: 1, at: time(10))
    index.end(7, owner: 1, at: time(20))
    index.begin(7, owner: 2, at: time(20))
    #expect(index.holder(of: 7, at: 19) == .number(1))
    #expect(index.holder(of: 7, at: 20) == .number(2))
  }

  @Test func whatComesLateIsPutWhereItBelongs() {
    var index = IntervalIndex<Int>(capacity: 10)
    index.begin(7, owner: 3, at: time(300))
    index.begin(7, owner: 1, at: time(100))
    index.end(7, owner: 1, at: time(150))
    index.begin(7, owner: 2, at: time(200))
    index.end(7, owner: 2, at: time(250))
    #expect(
      [99, 100, 149, 150, 200, 249, 250, 300].map { index.holder(of: 7, at: $0) }
        == [
          .nobody, .number(1), .number(1), .nobody, .number(2), .number(2), .nobody, .number(3),
        ])
  }

  @Test func aClaimThatIsMadeAgainGoesOn() {
    var index = IntervalIndex<Int>(capacity: 10)
    index.begin(7, owner: 1, at: time(10))
    index.begin(7, owner: 1, at: time(12))
    index.end(7, owner: 1, at: time(20))
    index.begin(7, owner: 1, at: time(20.5))
    #expect(index.count == 1)
    #expect(index.holder(of: 7, at: 15) == .number(1))
    #expect(index.holder(of: 7, at: 30) == .number(1))
  }

  @Test func whatEndedBeforeTheHorizonIsForgottenAndCounted() {
    var index = IntervalIndex<Int>(capacity: 2, perKey: 2)
    index.begin(1, owner: 1, at: time(10))
    index.end(1, owner: 1, at: time(20))
    index.begin(2, owner: 2, at: time(10))
    index.begin(3, owner: 3, at: time(10))
    #expect(index.refused == 1)
    #expect(index.forget(before: 19) == [])
    #expect(index.forget(before: 20) == [1])
    #expect(index.forgotten == 1)
    index.begin(3, owner: 3, at: time(30))
    #expect(index.holder(of: 3, at: 30) == .number(3))
    #expect(index.holder(of: 2, at: 30) == .number(2))
    #expect(index.holder(of: 1, at: 15) == .nobody)
  }

  @Test func oneKeyTakesTheRoomOfItselfOnly() {
    var index = IntervalIndex<Int>(capacity: 100, perKey: 3)
    index.begin(1, owner: 9, at: time(1))
    var displaced: [UInt32] = []
    for owner in 1...5 as ClosedRange<UInt32> {
      let second = Double(owner) * 10
      if let gone = index.begin(7, owner: owner, at: time(second)) { displaced.append(gone) }
      index.end(7, owner: owner, at: time(second + 5))
    }
    #expect(displaced == [1, 2])
    #expect(index.displaced == 2)
    #expect(index.holder(of: 7, at: 12) == .nobody)
    #expect(
      [32, 42, 52].map { index.holder(of: 7, at: $0) } == [.number(3), .number(4), .number(5)])
    #expect(index.holder(of: 1, at: 60) == .number(9))
  }

  /// Against a list of seconds, each with those who claim it.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5]) func itAnswersAsAListOfSecondsWould(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var index = IntervalIndex<Int>(capacity: 10_000, perKey: 10_000)
    var seconds = [[Set<UInt32>]](
      repeating: .init(repeating: [], count: 400), count: 8)
    for _ in 0..<300 {
      let key = random.roll(8)
      let owner = UInt32(1 + random.roll(40))
      let from = random.roll(380)
      guard !seconds[key].contains(where: { $0.contains(owner) }) else { continue }
      let milliseconds = 1 + random.roll(20_000)
      let start = time(Double(from) + 0.5)
      let end = start + Int64(milliseconds) * 1_000_000
      index.begin(key, owner: owner, at: start)
      index.end(key, owner: owner, at: end)
      for second in from...max(from, Int((end + -1).wholeSecond)) where second < 400 {
        seconds[key][second].insert(owner)
      }
    }
    for key in 0..<8 {
      for second in 0..<400 {
        let owners = seconds[key][second]
        let expected: Holder =
          owners.isEmpty ? .nobody : owners.count > 1 ? .unclear : .number(owners.first!)
        #expect(index.holder(of: key, at: UInt32(second)) == expected, "seed \(seed)")
      }
    }
  }
}
