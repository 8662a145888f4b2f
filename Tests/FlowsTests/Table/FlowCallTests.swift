// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import Testing

@testable import Flows

/// What flows say of the calls on them.
@Suite struct FlowCallTests {
  /// The batch of a conversation of LineParser's and what comes behind it, each turn by the other side.
  private static func batch(isUDP: Bool, _ turns: [String]) -> RecordBatch {
    var connection = WireConnection()
    connection.isUDP = isUDP
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    if !isUDP { pipeline.feed(connection.handshake(at: dawn - 1_000_000)) }
    for (index, text) in turns.enumerated() {
      let time = dawn + Int64(index) * 1_000_000
      pipeline.feed(connection.send(index % 2 == 0 ? .client : .server, text, at: time))
    }
    return pipeline.end(at: dawn)
  }

  /// A message that does not parse counts in the flow and in the rows of its pair, whatever comes
  /// before or after.
  @Test(arguments: [
    (false, ["?/a\n", "=200\n"], 0, 1),
    (false, ["?/a\n", "=200\nwhat?\n"], 1, 1),
    // Taken up again behind it.
    (false, ["?/a\n", "nonsense\n", "?/b\n", "=200\n", "nonsense\n"], 2, 2),
    (true, ["?/a\n", "=200\n"], 0, 1),
    (true, ["?/a\n", "nonsense\n", "nonsense\n", "=200\n"], 2, 1),
  ]) func parseFailures(isUDP: Bool, turns: [String], failures: UInt32, requests: UInt32) throws {
    let batch = Self.batch(isUDP: isUDP, turns)
    #expect(batch.flows.count == 1)
    let flow = try #require(batch.flows.first)
    #expect(flow.figures.parseFailures == failures)
    #expect(flow.figures.requests == requests)
    for interval in [1, 60] as [UInt32] {
      let rows = batch.networkMetrics.filter { $0.interval == interval }
      #expect(rows.reduce(0) { $0 + $1.figures.parseFailures } == failures)
    }
  }

  /// Datagrams of no known protocol leave no conversation behind, and are left alone after a while.
  @Test func unknownDatagrams() {
    var connection = WireConnection()
    connection.isUDP = true
    var pipeline = PacketPipeline.make(PacketLimits(), [Lines()])
    func send(_ text: String, at time: Int64) {
      pipeline.feed(connection.send(.client, text, at: dawn + time * 1_000_000))
    }
    for turn in 0..<40 {
      send("hello", at: Int64(turn))
      #expect(pipeline.conversationCount == 0)
    }
    send("?/muted\n", at: 50)
    #expect(pipeline.conversationCount == 0)
    for second in 1...61 as ClosedRange<Int64> { send("hello", at: second * 1_000) }
    #expect(
      pipeline.tallies.conversations.dropped == [.init(reason: .unknownProtocol, count: 102)])
    send("?/a\n", at: 62_000)
    #expect(pipeline.conversationCount == 1)
  }
}
