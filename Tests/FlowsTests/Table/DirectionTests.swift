// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

@Suite struct DirectionTests {
  static let answerFirst = "0 < PA seq=7 ack=3 len=10\n20 > PA seq=3 ack=17 len=4"

  /// A packet between two ports of 10.0.0.2 and 10.0.0.1.
  static func packet(_ from: UInt16, _ to: UInt16, udp: Bool = false) -> DecodedPacket {
    var packet = script(udp ? "0 > udp len=5" : "0 > PA seq=7 ack=3 len=10")[0]
    (packet.sourcePort, packet.destinationPort) = (from, to)
    return packet
  }

  static func isFirstClient(_ packet: DecodedPacket, _ run: inout FlowRun) -> (Bool, UInt8) {
    let slot = run.feed(packet)?.slot ?? 0
    return (run.table.flows[slot].firstIsClient, run.table.details[slot].directionScore)
  }

  @Test(
    arguments: [
      (80, 40_000, false, 7), (40_000, 80, true, 7), (8_080, 40_000, false, 5),
      (8_080, 9_090, false, 1), (9_090, 8_080, true, 1), (50_000, 40_000, true, 0),
      (53, 53, true, 0),
    ] as [(UInt16, UInt16, Bool, UInt8)])
  func ports(_ from: UInt16, _ to: UInt16, _ firstIsClient: Bool, _ score: UInt8) {
    var run = FlowRun()
    #expect(Self.isFirstClient(Self.packet(from, to), &run) == (firstIsClient, score))
  }

  /// A group of hosts asks nobody, whatever the ports and the application say.
  @Test(
    arguments: [
      (0xe000_00fb, 5_353, 5_353), (0xe000_00fb, 547, 546), (0xffff_ffff, 67, 68),
      (0xefff_fffa, 40_000, 1_900),
    ] as [(UInt32, UInt16, UInt16)])
  func aGroupIsNeverTheClient(address: UInt32, from: UInt16, to: UInt16) {
    var packet = Self.packet(from, to, udp: true)
    packet.destination = IPAddress(v4: address)
    var run = FlowRun()
    let slot = run.feed(packet)?.slot ?? 0
    run.table.learnDirection(slot: slot, firstIsClient: false, score: DirectionScore.application)
    #expect(run.table.flows[slot].firstIsClient)
    #expect(run.table.details[slot].directionScore == 255)
  }

  /// The broadcast address of a network is known by the link's; multicast is in IPv6, too.
  @Test func groupsAreKnownByTheirAddresses() {
    var run = FlowRun()
    var directed = Self.packet(138, 20, udp: true)
    directed.destinationLink = LinkAddress(0xffff_ffff_ffff)
    #expect(Self.isFirstClient(directed, &run) == (true, 255))
    var solicit = Self.packet(547, 546, udp: true)
    solicit.destination = IPAddress(high: 0xff02_0000_0000_0000, low: 0x1_0002)
    #expect(Self.isFirstClient(solicit, &run) == (true, 255))
  }

  /// DHCPv6's clients have the lower port.
  @Test(arguments: [(546, 547, true), (547, 546, false)] as [(UInt16, UInt16, Bool)])
  func clientsOfDHCPv6(from: UInt16, to: UInt16, isClient: Bool) {
    var run = FlowRun()
    #expect(Self.isFirstClient(Self.packet(from, to, udp: true), &run) == (isClient, 7))
  }

  @Test func configuredPorts() {
    var limits = FlowTableLimits.unsampled
    limits.serverPorts = [50_001]
    var run = FlowRun(limits)
    #expect(Self.isFirstClient(Self.packet(50_001, 80), &run) == (false, 253))
    #expect(Self.isFirstClient(Self.packet(80, 50_001), &run) == (true, 253))
  }

  /// Who had many peers is a server, whatever its port.
  @Test func history() {
    var run = FlowRun()
    for peer in 0..<20 as Range<UInt16> {
      _ = Self.isFirstClient(Self.packet(2_000 + peer, 60_000, udp: true), &run)
    }
    let (firstIsClient, score) = Self.isFirstClient(Self.packet(60_000, 1_999, udp: true), &run)
    // It was its own 21st flow; the last of the peers (a new end) its first.
    #expect(firstIsClient)
    #expect(score == 0 || score == 5)
    var back = Self.packet(60_000, 1_998, udp: true)
    swap(&back.source, &back.destination)
    let (isClient, sure) = Self.isFirstClient(back, &run)
    #expect(!isClient)
    #expect(sure >= 8 && sure <= 252)
  }

  /// What a handshake says nothing unsays; all else yields to what is surer.
  @Test func surerWins() {
    var run = FlowRun()
    let slot = run.feed(script(CloseTests.handshake)[0])?.slot ?? 0
    run.table.learnDirection(slot: slot, firstIsClient: false, score: 254)
    #expect(run.table.flows[slot].firstIsClient)
    #expect(run.table.details[slot].directionScore == 255)
    var other = FlowRun()
    let middle = other.feed(Self.packet(40_000, 80))?.slot ?? 0
    other.table.learnDirection(slot: middle, firstIsClient: false, score: 254)
    #expect(!other.table.flows[middle].firstIsClient)
    other.table.learnDirection(slot: middle, firstIsClient: true, score: 253)
    #expect(!other.table.flows[middle].firstIsClient)
  }

  /// On a reversal every figure of a side is the other's, and the network figures follow.
  @Test func reversal() {
    let text = """
      0 > PA seq=3 ack=17 len=10
      30 < PA seq=17 ack=13 len=20
      70 > PA seq=13 ack=37 len=30
      75 > PA seq=13 ack=37 len=30
      80 < A seq=37 ack=43 win=0
      """
    func figures(_ reverseAt: Int?) -> (FlowRecord, [NetworkMetric]) {
      var run = FlowRun()
      for (index, packet) in script(text).enumerated() {
        let slot = run.feed(packet)?.slot ?? 0
        if index == reverseAt {
          run.table.learnDirection(slot: slot, firstIsClient: false, score: 254)
        }
      }
      run.finish()
      return (run.batch.flows[0], run.batch.networkMetrics.filter { $0.interval == 60 })
    }
    let (plain, plainRows) = figures(nil)
    #expect(plain.client.port == 40_000)
    #expect(plain.figures.dataResponse.sum == 30)
    #expect(plain.figures.clientIdle.sum == 40)
    #expect(plain.figures.systemResponse.sum == 5)
    #expect(plain.figures.sentRetransmissions == 1)
    #expect(plain.figures.receivedZeroWindows == 1)
    #expect(plainRows.map(\.server.port) == [80])
    for reverseAt in 0..<5 {
      let (reversed, rows) = figures(reverseAt)
      #expect(reversed.client.port == 80)
      #expect(reversed.figures.sent == plain.figures.received)
      #expect(reversed.figures.received == plain.figures.sent)
      // The answer to the server's data is the client's next: what was idle time is now an answer.
      #expect(reversed.figures.dataResponse.sum == 40)
      #expect(reversed.figures.clientIdle.sum == 30)
      #expect(reversed.figures.systemResponse.count == 0)
      #expect(reversed.figures.receivedRetransmissions == 1)
      #expect(reversed.figures.sentZeroWindows == 1)
      #expect(reversed.totalSentBytes == plain.totalReceivedBytes)
      #expect(rows.map(\.server.port) == [40_000])
      #expect(rows.map(\.newFlows) == [1])
      #expect(rows.map(\.figures.sent) == [reversed.figures.sent])
    }
  }

  /// A reversal after a second was counted moves the flow to its new pair: it is open in one of them.
  @Test func lateReversal() {
    var run = FlowRun()
    var slot = 0
    for packet in script("0 > PA seq=3 ack=17 len=10\n5000000 < PA seq=17 ack=13 len=20") {
      slot = run.feed(packet)?.slot ?? 0
    }
    run.table.learnDirection(slot: slot, firstIsClient: false, score: 254)
    run.advance(to: Timestamp(seconds: 1_010))
    run.finish()
    let rows = run.batch.networkMetrics.filter { $0.interval == 1 }
    let load = rows.map { "\($0.time.seconds) \($0.server.port):\($0.flowLoad)" }
    #expect(load == ["1000 80:1", "1005 80:1", "1005 40000:1", "1010 40000:1"])
    let minute = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(minute.map { "\($0.server.port):\($0.flowLoad)" } == ["80:1", "40000:1"])
    #expect(rows.reduce(0) { $0 + $1.newFlows } == 1)
    #expect(rows.reduce(0) { $0 + $1.closedFlows } == 1)
  }

  /// A translator's note of the real client (TOA) says who the client is.
  /// Nothing comes after the reversal: the flow ends all the same, for the pair that it is of then.
  @Test func reversalBeforeTheEnd() {
    var run = FlowRun()
    let slot = run.feed(script("0 > PA seq=3 ack=17 len=10")[0])?.slot ?? 0
    run.advance(to: Timestamp(seconds: 1_010))
    run.table.learnDirection(slot: slot, firstIsClient: false, score: 254)
    run.finish()
    let rows = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(rows.map(\.server.port) == [80, 40_000])
    #expect(rows.map(\.newFlows) == [1, 0])
    #expect(rows.map(\.closedFlows) == [0, 1])
  }

  @Test func realAddress() {
    var run = FlowRun()
    var packet = Self.packet(80, 40_000)
    packet.options.realAddress = IPAddress(v4: 0x0102_0304)
    packet.options.realPort = 999
    run.feed(packet)
    run.finish()
    let record = run.batch.flows[0]
    #expect(record.client.port == 80)
    #expect(record.directionScore == 255)
    #expect(record.client.realAddress == IPAddress(v4: 0x0102_0304))
    #expect(record.client.realPort == 999)
  }
}
