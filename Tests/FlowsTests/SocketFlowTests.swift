// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Flow records of connections that do not leave the host.
@Suite struct SocketFlowTests {
  private static func totals(
    _ bytes: UInt64, error: UInt16 = 0, state: UInt8 = 5, isOld: Bool = false
  ) -> SocketTotals {
    SocketTotals(
      opened: isOld ? nil : Timestamp(nanoseconds: dawn), sentBytes: bytes,
      receivedBytes: 2 * bytes, sentPackets: UInt32(bytes / 10),
      receivedPackets: UInt32(bytes / 5), retransmissions: 1, error: error, state: state)
  }

  private static func event(
    _ kind: SocketEvent.Kind, _ side: Side = .client, after seconds: Int64, isKnown: Bool = true,
    number: UInt64 = 1
  ) -> SocketEvent {
    Connection(number: number, isKnown: isKnown)
      .event(kind, side, at: dawn + seconds * 1_000_000_000 - 5_000)
  }

  @Test func aConnectionIsToldWhenItIsClosedAndInBetween() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(Self.event(.progress, after: 60), totals: Self.totals(1_000, state: 1))
    pipeline.feed(Self.event(.progress, after: 120), totals: Self.totals(1_500, state: 1))
    pipeline.feed(Self.event(.closed, after: 130), totals: Self.totals(1_600))
    pipeline.feed(Self.event(.closed, .server, after: 130), totals: Self.totals(3_200))
    let flows = pipeline.takeBatch().flows
    #expect(flows.map(\.closeType) == [.forcedReport, .forcedReport, .finished])
    #expect(flows.map(\.figures.sent.transportBytes) == [1_000, 500, 100])
    #expect(flows.map(\.figures.received.transportBytes) == [2_000, 1_000, 200])
    #expect(flows.map(\.figures.sent.packets) == [100, 50, 10])
    #expect(flows.map(\.figures.sentRetransmissions) == [1, 0, 0])
    #expect(flows.map(\.totalSentPackets) == [100, 150, 160])
    #expect(flows.map(\.isNew) == [true, false, false])
    #expect(flows.map(\.duration) == [60_000_000, 120_000_000, 130_000_000])
    #expect(flows.map { $0.end - $0.start } == [60, 60, 10].map { $0 * 1_000_000_000 })
    for flow in flows {
      #expect(flow.observationPoint == .local && flow.signalSource == .eBPF)
      #expect(flow.client.port == 40_001 && flow.server.port == 80 && flow.flow == 2)
      #expect(flow.directionScore == 255)
    }
    #expect(pipeline.tallies.flows.passed == 3 && pipeline.tallies.flows.balances)
  }

  @Test(
    arguments: [
      (111, 2, CloseType.serverRefused), (110, 2, .serverSynAckMissing), (110, 1, .timeout),
      (104, 1, .serverReset), (32, 8, .serverReset), (0, 1, .clientReset), (0, 8, .clientReset),
      (0, 5, .finished), (0, 9, .finished), (0, 6, .finished), (0, 2, .clientEstablishReset),
    ] as [(UInt16, UInt8, CloseType)])
  func theSocketSaysHowItEnded(error: UInt16, state: UInt8, type: CloseType) {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(
      Self.event(.closed, after: 1), totals: Self.totals(10, error: error, state: state))
    #expect(pipeline.takeBatch().flows.map(\.closeType) == [type])
  }

  /// What it carried before the probes came cannot be placed in time.
  @Test func aConnectionFromBeforeIsToldFromTheFirstLookOn() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    for (kind, after, bytes) in [
      (SocketEvent.Kind.progress, 60, 5_000), (.progress, 120, 5_100), (.closed, 150, 5_250),
    ] as [(SocketEvent.Kind, Int64, UInt64)] {
      for side in [Side.client, .server] {
        pipeline.feed(
          Self.event(kind, side, after: after, isKnown: false),
          totals: Self.totals(bytes, isOld: true))
      }
    }
    let flows = pipeline.takeBatch().flows
    #expect(flows.map(\.figures.sent.transportBytes) == [100, 150])
    #expect(flows.allSatisfy { $0.server.port == 80 && $0.directionScore < 255 })
  }

  @Test func connectionsThatLeaveTheHostAreThePacketsToTell() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    var connection = Connection()
    connection.server.address = IPAddress(v4: 0x0a00_0001)
    pipeline.feed(connection.event(.closed, .client, at: dawn), totals: Self.totals(10))
    connection.client.address = connection.server.address
    pipeline.feed(connection.event(.closed, .client, at: dawn), totals: Self.totals(10))
    pipeline.tellsInsideFlows = false
    pipeline.feed(Self.event(.closed, after: 1), totals: Self.totals(10))
    #expect(pipeline.takeBatch().flows.map(\.client.address) == [connection.server.address])
  }

  @Test func whatIsTooManyIsCounted() {
    var limits = FlowLimits()
    limits.socketFlowsPerSecond = 5
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for number in 1...20 {
      pipeline.feed(
        Self.event(.closed, after: number <= 8 ? 1 : 2, number: UInt64(number)),
        totals: Self.totals(10))
    }
    #expect(pipeline.takeBatch().flows.count == 10)
    #expect(pipeline.tallies.flows.dropped == [Tally.Drop(reason: .sampled, count: 10)])
    #expect(pipeline.tallies.flows.balances)
  }
}
