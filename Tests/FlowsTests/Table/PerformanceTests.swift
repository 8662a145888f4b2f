// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

/// Latencies and TCP health: what the source's tests of each capture expect, as a line.
@Suite struct PerformanceTests {
  /// Figures that are not 0, in words: `rtt 30548 srt 10040*1 fin 2`; latencies as sum*count, and with
  /// the greatest where that is another.
  static func summary(_ records: [FlowRecord]) -> String {
    var figures = FlowFigures()
    for record in records { figures.add(record.figures) }
    let latencies = [
      ("rtt", figures.roundTrip), ("client", figures.roundTripClient),
      ("server", figures.roundTripServer), ("srt", figures.systemResponse),
      ("art", figures.dataResponse), ("cit", figures.clientIdle),
    ].filter { $0.1.count > 0 }.map { name, latency in
      "\(name) \(latency.sum)*\(latency.count)"
        + (latency.maximum == latency.sum ? "" : "<\(latency.maximum)")
    }
    let counts = [
      ("syn", figures.syns), ("synack", figures.synAcks), ("resyn", figures.synRetransmissions),
      ("resynack", figures.synAckRetransmissions), ("retx", figures.sentRetransmissions),
      ("rerx", figures.receivedRetransmissions), ("zerotx", figures.sentZeroWindows),
      ("zerorx", figures.receivedZeroWindows), ("oootx", figures.sentOutOfOrder),
      ("ooorx", figures.receivedOutOfOrder), ("fin", figures.fins),
    ].filter { $0.1 > 0 }.map { "\($0) \($1)" }
    return (latencies + counts).joined(separator: " ")
  }

  @Test(arguments: [
    (
      "art-continues-payload-len-larger-than-1",
      "rtt 30548*1 client 20322*1 server 10226*1 srt 10040*1 art 30358*1 cit 15033*1 "
        + "syn 1 synack 1 fin 2"
    ),
    (
      "rtt-200ms-window-update", "rtt 225400*1 client 9100*1 server 216300*1 syn 1 synack 1 fin 2"
    ),
    ("rtt-syn-2-ack", "rtt 225400*1 client 9100*1 server 216300*1 syn 1 synack 1 fin 2"),
    (
      "rtt-rtt-2",
      "rtt 25655*1 client 15512*1 server 10143*1 art 809*1 cit 10141*1 "
        + "syn 1 synack 2 resynack 1 retx 5 rerx 1 fin 2"
    ),
    (
      "client-keep-alive",
      "rtt 825*1 client 74*1 server 751*1 cit 816949*1 syn 1 synack 1 fin 2"
    ),
    (
      "syn-retrans",
      "rtt 325400*1 client 9100*1 server 316300*1 syn 2 synack 1 resyn 1 retx 1 fin 2"
    ),
    (
      "syn-syn-ack-retrans",
      "rtt 541700*1 client 225400*1 server 848900*2<532600 "
        + "syn 2 synack 2 resyn 1 resynack 1 retx 1 rerx 1 fin 2"
    ),
    (
      "syn-syn-ack-retrans-2",
      "rtt 541700*1 client 325400*1 server 748900*2<532600 "
        + "syn 2 synack 2 resyn 1 resynack 1 retx 1 rerx 1 fin 2"
    ),
    (
      "syn-ack-ack-retrans-and-client-payload",
      "rtt 959*1 client 18*1 server 941*1 cit 66*1 "
        + "syn 1 synack 2 resynack 1 retx 5 rerx 1 fin 2"
    ),
    ("out-of-order", "syn 1 synack 1 fin 2"),
    ("handshake-error", "syn 1 synack 2 resynack 1 retx 2 rerx 1 fin 4"),
    (
      "client_request_timewait_and_syn_synack_count",
      "rtt 670*1 client 193*1 server 477*1 cit 28837*1 syn 1 synack 1"
    ),
    (
      // The SYN was captured twice at the same time.
      "handshake-retrans",
      "rtt 2198*1 client 1255*1 server 2829*2<1886 syn 1 synack 2 resynack 1 rerx 1"
    ),
    ("tcp-syn-ack-zerowin", "synack 1 zerorx 1"),
    (
      "http", "rtt 158*1 client 114*1 server 44*1 srt 12*1 art 149*1 cit 272*1 syn 1 synack 1 fin 2"
    ),
    ("udp_normal", "art 24416*1"),
    ("udp_continuous_packet", "art 24409*1"),
    ("udp_1_packet", ""),
    ("tcp-segment", ""),
  ]) func captures(_ name: String, _ expected: String) throws {
    guard let packets = try flowCapture(name) else { return }
    #expect(Self.summary(records(of: packets)) == expected)
  }

  /// Segments of a connection that was begun before, some of them twice, over the wrap of the
  /// numbers. The source counts two retransmissions: it misses that of the segment that wraps. As they
  /// are they have their sender's identification and are copies.
  @Test func retransmissionsOverTheWrap() throws {
    guard var packets = try flowCapture("xiangdao-retrans") else { return }
    for count: UInt32 in [0, 3] {
      let figures = try #require(records(of: packets).first).figures
      #expect(figures.sentRetransmissions + figures.receivedRetransmissions == count)
      #expect(figures.sentOutOfOrder + figures.receivedOutOfOrder == 0)
      for index in packets.indices { packets[index].identification = UInt16(index + 1) }
    }
  }

  /// The example of the definitions: a doubled handshake.
  @Test func doubledHandshake() {
    let records = records(
      of: script(
        """
        3333 > S seq=100
        3334 > S seq=100
        3335 < SA seq=700 ack=101
        3336 < SA seq=700 ack=101
        3344 > A seq=101 ack=701
        """))
    #expect(
      Self.summary(records) == "rtt 11*1 client 9*1 server 5*2<3 "
        + "syn 2 synack 2 resyn 1 resynack 1 retx 1 rerx 1")
  }

  static let handshake = CloseTests.handshake

  @Test(arguments: [
    (
      "a bare ACK that is late is no sample of the application",
      "40 > PA seq=101 ack=701 len=9\n60 < A seq=701 ack=110\n90 < PA seq=701 ack=110 len=5",
      "srt 20*1 art 50*1 cit 20*1"
    ),
    (
      "data that is not the next is no answer",
      "40 > PA seq=101 ack=701 len=9\n90 < PA seq=800 ack=110 len=5", "cit 20*1"
    ),
    (
      "an ACK of less than was sent times nothing",
      "40 > PA seq=101 ack=701 len=9\n60 < A seq=701 ack=105", "cit 20*1"
    ),
    (
      "an ACK of data without PSH times nothing",
      "40 > A seq=101 ack=701 len=9\n60 < A seq=701 ack=110", "cit 20*1"
    ),
    (
      "the second request waits for the first answer",
      "40 > PA seq=101 ack=701 len=9\n90 < PA seq=701 ack=110 len=5\n190 > PA seq=110 ack=706 len=9\n199 < PA seq=706 ack=119 len=5",
      "art 59*2<50 cit 120*2<100"
    ),
    ("one byte may be a keep-alive: no idle time", "40 > PA seq=101 ack=701 len=1", ""),
    (
      "a keep-alive is no retransmission",
      "40 > PA seq=101 ack=701 len=9\n99 > A seq=109 ack=701\n120 > A seq=109 ack=701 len=1",
      "cit 20*1"
    ),
    (
      "what fills a gap is out of order",
      "40 > PA seq=111 ack=701 len=10\n50 > PA seq=101 ack=701 len=10\n60 > PA seq=101 ack=701 len=10",
      "cit 20*1 retx 1 oootx 1"
    ),
    (
      "a gap is filled in two parts",
      "40 > PA seq=131 ack=701 len=10\n50 > PA seq=111 ack=701 len=10\n60 > PA seq=101 ack=701 len=30\n70 > PA seq=121 ack=701 len=10",
      "cit 20*1 retx 1 oootx 2"
    ),
    (
      "a response of more than 30 s is none",
      "40 > PA seq=101 ack=701 len=9\n30000050 < PA seq=701 ack=110 len=5", "cit 20*1"
    ),
    (
      "a segment partly new is no retransmission",
      "40 > PA seq=101 ack=701 len=10\n50 > PA seq=106 ack=701 len=10\n60 > PA seq=116 ack=701 len=4",
      "cit 20*1"
    ),
    (
      "nothing is timed after odd flags",
      "40 > PA seq=101 ack=701 len=9\n50 > SF seq=1\n60 < A seq=701 ack=110\n70 < PA seq=701 ack=110 len=4",
      "cit 20*1"
    ),
    (
      "a closed window counts for its sender",
      "40 < A seq=701 ack=101 win=0\n50 > A seq=101 ack=701 win=0\n60 > A seq=101 ack=701 win=0",
      "zerotx 2 zerorx 1"
    ),
  ]) func rules(_ name: String, _ packets: String, _ expected: String) {
    let summary = Self.summary(records(of: script(Self.handshake + packets)))
    let base = "rtt 20*1 client 10*1 server 10*1"
    #expect(summary.hasPrefix(base))
    let rest = summary.dropFirst(base.count).replacing(" syn 1 synack 1", with: "")
    #expect(rest.trimmingPrefix(" ") == expected)
  }

  @Test func datagramsAndEchoes() {
    #expect(
      Self.summary(
        records(
          of: script(
            "0 > udp len=9\n30 < udp len=9\n40 < udp len=9\n50 > udp len=2\n55 < udp len=2")))
        == "art 35*2<30")
    #expect(
      Self.summary(
        records(
          of: script(
            "0 > ping seq=1\n10 > ping seq=2\n30 < pong seq=2\n35 < pong seq=1\n40 < pong seq=1")))
        == "srt 55*2<35")
  }

  /// A keep-alive is told of, not counted.
  @Test func lastKeepalive() {
    let record = records(
      of: script(Self.handshake + "40 > PA seq=101 ack=701 len=9\n99 > A seq=109 ack=705"))[0]
    #expect(record.lastKeepaliveSequence == 109)
    #expect(record.lastKeepaliveAcknowledgement == 705)
    #expect(record.synSequence == 100)
    #expect(record.synAckSequence == 700)
  }
}
