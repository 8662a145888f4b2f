// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

/// Tunnels that have another id for each direction of a flow.
@Suite struct TunnelDirectionTests {
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

  /// The packets of a script in a tunnel whose id is `there` from the client and `back` from the server.
  static func tunnelled(
    _ text: String, _ type: TunnelType, there: UInt32, back: UInt32
  ) -> [DecodedPacket] {
    script(text).map { packet in
      var packet = packet
      packet.tunnel.type = type
      packet.tunnel.tier = 1
      let isClients = packet.source == IPAddress(v4: 0x0a00_0001)
      packet.tunnel.id = isClients ? there : back
      return packet
    }
  }

  @Test(arguments: [TunnelType.gre, .vxlan, .geneve], [0, 1, 3, 4])
  func aFlowIsOneThoughItsIdsAreTwo(type: TunnelType, start: Int) {
    let packets = Self.tunnelled(Self.conversation, type, there: 5, back: 6)
    var run = FlowRun()
    for packet in packets[start...] { run.feed(packet) }
    run.silence()
    #expect(run.batch.flows.count == 1)
    let figures = run.batch.flows[0].figures
    #expect(figures.sent.packets + figures.received.packets == UInt64(packets.count - start))
    #expect(run.batch.flows[0].client.port == 40_000)
  }

  @Test func datagramsToo() {
    let text = "0 > udp len=9\n10 < udp len=9\n20 > udp len=9\n30 < udp len=9"
    var run = FlowRun()
    for packet in Self.tunnelled(text, .gre, there: 5, back: 6) { run.feed(packet) }
    run.silence()
    #expect(run.batch.flows.count == 1)
  }

  /// The same addresses in two tunnels are two flows, each with its way back.
  @Test(
    arguments: [(1, 2, 3, 4), (1, 1, 2, 2), (1, 2, 3, 2)] as [(UInt32, UInt32, UInt32, UInt32)])
  func twoNetworksAreKeptApart(_ ids: (UInt32, UInt32, UInt32, UInt32)) {
    let other = Self.conversation.replacing("=1", with: "=900001").replacing("=7", with: "=500007")
    let first = Self.tunnelled(Self.conversation, .vxlan, there: ids.0, back: ids.1)
    let second = Self.tunnelled(other, .vxlan, there: ids.2, back: ids.3)
    var run = FlowRun()
    for (one, two) in zip(first, second) {
      run.feed(one)
      run.feed(two)
    }
    run.silence()
    #expect(run.batch.flows.count == 2)
    #expect(run.batch.flows.map(\.closeType) == [.finished, .finished])
    #expect(
      run.batch.flows.allSatisfy {
        $0.figures.sent.packets == 5 && $0.figures.received.packets == 3
      })
  }

  /// What comes back with a third id is another flow.
  @Test func aWayBackHasOneId() {
    var run = FlowRun()
    let text = "0 > udp len=9\n10 < udp len=9"
    for packet in Self.tunnelled(text, .gre, there: 5, back: 6) { run.feed(packet) }
    for packet in Self.tunnelled(text, .gre, there: 5, back: 7) { run.feed(packet) }
    run.silence()
    #expect(run.batch.flows.count == 2)
  }

  /// A flood of tunnels of the same ends costs no more than any.
  @Test func manyTunnelsOfTheSameEnds() {
    var run = FlowRun()
    for id in 0..<5_000 as Range<UInt32> {
      run.feed(Self.tunnelled("0 > udp len=9", .vxlan, there: id, back: 0)[0])
    }
    let back = Self.tunnelled("1 < udp len=9", .vxlan, there: 0, back: 9_999)[0]
    #expect(run.feed(back) != nil)
    run.silence()
    #expect(run.batch.flows.count == 5_000 || run.batch.flows.count == 5_001)
  }
}
