// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import Testing

@testable import Flows

/// Messages that come from the side that does not answer.
@Suite struct AskedBothWaysTests {
  /// Over TCP, an answer that the capture cut has begun when its own side says ids again.
  @Test func anAnswerThatHasBegunIsNotAnsweredAgain() {
    var connection = PairingTests.connection()
    connection.captureLimit = 40
    var pipeline = FlowPipeline(protocols: PairingTests.numbered)
    let turns: [(Side, String)] = [
      (.client, "?a#1\n?b#2\n?c#3\n?d#4\n"),
      (.server, "=1#1(100)\n" + String(repeating: "x", count: 50)), (.client, "=1#2\n=1#1\n"),
      (.server, String(repeating: "x", count: 50)), (.server, "=2#2\n=3#3\n"),
      (.client, "?e#5\n"), (.server, "=5#5\n=4#4\n"),
    ]
    for (index, (side, text)) in turns.enumerated() {
      pipeline.feed(connection.send(side, text, at: dawn + Int64(index) * 10_000))
    }
    #expect(
      PairingTests.calls(pipeline.takeBatch()).sorted()
        == ["a -> 1", "b -> 2", "c -> 3", "d -> 4", "e -> 5"])
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 500_000_000))
    #expect(pipeline.pendingCount == 0)
    #expect(pipeline.tallies.calls.balances)
  }

  /// Whoever asked does not answer: not by id, and not by order.
  @Test(arguments: [true, false]) func whoAsksDoesNotAnswerItself(isNumbered: Bool) {
    let mark = isNumbered ? "#7" : ""
    let talked = PairingTests.talk(
      (.client, "?a\(mark)\n"), (.client, "=9\(mark)\n"), (.server, "=1\(mark)\n"),
      protocols: isNumbered ? PairingTests.numbered : PairingTests.ordered)
    #expect(talked.calls == ["a -> 1"])
  }

  /// Both sides may ask with the same id at a time.
  @Test func eachSideHasItsOwnIds() {
    let talked = PairingTests.talk(
      (.client, "?a#7\n"), (.server, "?b#7\n"), (.client, "=2#7\n"), (.server, "=1#7\n"),
      protocols: PairingTests.numbered)
    #expect(talked.calls == ["b -> 2", "a -> 1"])
  }
}
