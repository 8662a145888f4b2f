// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import Testing

@testable import Flows

/// What conversations keep of bytes has a bound for all of them, whatever they keep them for.
@Suite struct ByteBudgetTests {
  /// What each of many connections says, of which nothing can be done with at once.
  enum Burden: String, CaseIterable, CustomTestStringConvertible {
    case incomplete, unanswered, unknown, ahead

    var testDescription: String { rawValue }

    func feed(_ pipeline: inout FlowPipeline, _ number: Int) {
      var connection = PairingTests.connection(UInt64(number))
      let time = dawn + Int64(number) * 1_000
      let text = String(repeating: "x", count: 600)
      switch self {
      case .incomplete:
        pipeline.feed(connection.send(.client, "?a\n", at: time))
        pipeline.feed(connection.send(.client, "?\(text)", at: time))
      case .unanswered: pipeline.feed(connection.send(.client, "?\(text)\n", at: time))
      case .unknown: pipeline.feed(connection.send(.client, text, at: time))
      case .ahead:
        pipeline.feed(connection.send(.client, "?a\n", at: time))
        _ = connection.send(.client, "?lost\n", at: time)
        pipeline.feed(connection.send(.client, "?\(text)\n", at: time))
      }
    }
  }

  @Test(arguments: Burden.allCases) func itIsNotExceeded(burden: Burden) {
    var limits = FlowLimits()
    limits.bytesOfAll = 64 << 10
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for number in 1...2_000 {
      burden.feed(&pipeline, number)
      // What one event brings comes on top.
      #expect(pipeline.engine.keptBytes < 68 << 10, "\(number)")
    }
    #expect(pipeline.tallies.conversations.balances)
    // Whoever comes next is read.
    var connection = PairingTests.connection(9_999)
    pipeline.feed(connection.send(.client, "?new\n", at: dawn + 9_000_000))
    pipeline.feed(connection.send(.server, "=1\n", at: dawn + 9_100_000))
    #expect(PairingTests.calls(pipeline.takeBatch()).contains("new -> 1"))
  }
}
