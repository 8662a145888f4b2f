// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Flows

/// Packets that were captured twice, and those that only look like it.
@Suite struct RecentPacketTests {
  static let conversation = """
    0 > S seq=100
    10 < SA seq=700 ack=101
    20 > A seq=101 ack=701
    30 > PA seq=101 ack=701 len=9
    40 < PA seq=701 ack=110 len=3
    50 > FA seq=110 ack=704
    60 < FA seq=704 ack=111
    70 > A seq=111 ack=705
    """

  /// The packets of a script, which their senders number.
  static func packets(_ text: String, numbered: Bool = true, id: UInt16 = 0) -> [DecodedPacket] {
    script(text).enumerated().map { index, packet in
      var packet = packet
      packet.identification = numbered ? UInt16(1_000 + index) : id
      return packet
    }
  }

  static func figures(_ packets: [DecodedPacket]) throws -> FlowFigures {
    var run = FlowRun()
    for packet in packets { run.feed(packet) }
    run.finish()
    try #require(run.batch.flows.count == 1)
    return run.batch.flows[0].figures
  }

  struct Copying: Sendable, CustomTestStringConvertible {
    var name: String
    var numbered = true
    var id: UInt16 = 0
    var copy: @Sendable ([DecodedPacket]) -> [DecodedPacket]

    var testDescription: String { name }
  }

  /// Each packet, and again a little later, as `change` has it.
  static func each(
    after delay: Int64, _ change: @escaping @Sendable (inout DecodedPacket) -> Void = { _ in }
  ) -> @Sendable ([DecodedPacket]) -> [DecodedPacket] {
    { packets in
      packets.flatMap { packet in
        var copy = packet
        copy.time = packet.time + delay
        change(&copy)
        return [packet, copy]
      }
    }
  }

  @Test(arguments: [
    Copying(name: "at once", copy: each(after: 0)),
    Copying(name: "a millisecond later", copy: each(after: 1_000_000)),
    Copying(name: "in another VLAN", copy: each(after: 2_000) { $0.vlan = 7 }),
    Copying(name: "behind a router", copy: each(after: 2_000) { $0.timeToLive &-= 1 }),
    Copying(
      name: "between other ports of a switch", copy: each(after: 2_000) { $0.sourceLink.value = 9 }),
    Copying(name: "the whole file behind itself") { $0 + $0 },
    Copying(name: "without numbers, at once", numbered: false, copy: each(after: 0)),
    Copying(
      name: "with one number for all, later", numbered: false, id: 1, copy: each(after: 50_000)),
    Copying(name: "without numbers, soon", numbered: false, copy: each(after: 20_000)),
    Copying(name: "three times") { packets in packets.flatMap { [$0, $0, $0] } },
  ])
  func aCopyCountsOnce(copying: Copying) throws {
    let packets = Self.packets(Self.conversation, numbered: copying.numbered, id: copying.id)
    let figures = try Self.figures(copying.copy(packets))
    #expect(try figures == Self.figures(packets))
    #expect(figures.sentRetransmissions == 0 && figures.receivedRetransmissions == 0)
  }

  /// What is sent again has another number, or comes later.
  @Test(arguments: [
    Copying(name: "with a new number", copy: each(after: 500_000) { $0.identification += 50 }),
    Copying(name: "without numbers, later", numbered: false, copy: each(after: 200_000_000)),
    Copying(name: "with numbers, much later", copy: each(after: 200_000_000)),
    Copying(
      name: "with one number for all, later", numbered: false, id: 1, copy: each(after: 5_000_000)),
    Copying(
      name: "with a later timestamp", numbered: false,
      copy: each(after: 500_000) { $0.options.timestampValue = 9 }),
  ])
  func whatIsSentAgainIsARetransmission(copying: Copying) throws {
    let data = Self.packets(Self.conversation, numbered: copying.numbered, id: copying.id)[3]
    let all = Self.packets(Self.conversation, numbered: copying.numbered, id: copying.id)
    let figures = try Self.figures(Array(all[..<3]) + copying.copy([data]) + Array(all[4...]))
    #expect(figures.sentRetransmissions == 1)
  }

  /// A receiver acknowledges the same for each segment behind a missing one, and says which it has.
  @Test func acknowledgementsOfOtherSegmentsAreNoCopies() throws {
    let text = "0 > A seq=9 ack=4\n1 > A seq=9 ack=4\n2 > A seq=9 ack=4"
    var packets = Self.packets(text, numbered: false)
    for index in packets.indices { packets[index].options.firstBlock = (20, 30 + UInt32(index)) }
    #expect(try Self.figures(packets).sent.packets == 3)
  }

  /// Datagrams are told by their content, and soon after one another may well be equal.
  @Test(
    arguments: [(7, 8, 0, 2), (7, 7, 0, 1), (7, 7, 50, 2), (7, 8, 50, 2)]
      as [(UInt32, UInt32, Int64, UInt64)])
  func datagramsWithoutNumbers(
    first: UInt32, second: UInt32, after: Int64, count: UInt64
  ) throws {
    for id: UInt16 in [0, 1] {
      var packets = Self.packets("0 > udp len=9\n0 > udp len=9", numbered: false, id: id)
      packets[0].contentMark = first
      packets[1].contentMark = second
      packets[1].time = packets[0].time + after * (id == 0 ? 1_000 : 100_000)
      #expect(try Self.figures(packets).sent.packets == count)
    }
  }

  /// Copies are counted as such, and a call is told of once.
  @Test func aCallThatWasCapturedTwiceIsOne() {
    var connection = WireConnection()
    connection.server.port = 80
    var frames = connection.handshake(at: dawn - 1_000_000)
    frames += connection.send(.client, UnusualRequestTests.get, at: dawn)
    frames += connection.send(.server, UnusualRequestTests.response(200), at: dawn + 1_000_000)
    var pipeline = PacketPipeline.make(PacketLimits(), builtInProtocols)
    pipeline.feed(frames.flatMap { [$0, $0] })
    #expect(pipeline.tallies.balance)
    #expect(
      pipeline.tallies.frames.dropped
        == [Tally.Drop(reason: .duplicatePacket, count: UInt64(frames.count))])
    let batch = pipeline.end(at: dawn)
    #expect(batch.calls.map(\.responseCode) == [200])
    #expect(
      batch.flows.map { $0.figures.sent.packets + $0.figures.received.packets } == [
        UInt64(frames.count)
      ])
  }
}
