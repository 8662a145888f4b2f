// SPDX-License-Identifier: Apache-2.0

/// The columns of a flow's figures, in the groups that tables are made of. Flow logs and network
/// metrics have them in common.
extension FlowFigures {
  @inlinable @inline(__always)
  package mutating func visitPackets<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.sides("packet", sent.packets, received.packets, "Packets")
  }

  @inlinable @inline(__always)
  package mutating func visitBytes<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.sides("byte", sent.bytes, received.bytes, "Bytes on the link")
    visitor.sides("l3_byte", sent.networkBytes, received.networkBytes, "Bytes of IP packets")
    visitor.sides(
      "l4_byte", sent.transportBytes, received.transportBytes,
      "Bytes behind the transport header")
  }

  @inlinable @inline(__always)
  package mutating func visitPacketTotal<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("packet", sent.packets &+ received.packets, "Packets.")
  }

  @inlinable @inline(__always)
  package mutating func visitByteTotal<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("byte", sent.bytes &+ received.bytes, "Bytes on the link.")
  }

  /// The handshake's round trips of one flow.
  @inlinable @inline(__always)
  package mutating func visitMeanRoundTrips<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("rtt", roundTrip.mean, "Handshake's round trip, us; 0 not seen.")
    visitor.figure(
      "rtt_client", roundTripClient.mean,
      "Handshake's round trip on the client's side, us; 0 not seen.")
    visitor.figure(
      "rtt_server", roundTripServer.mean,
      "Handshake's round trip on the server's side, us; 0 not seen.")
  }

  /// The handshake's round trips of many flows.
  @inlinable @inline(__always)
  package mutating func visitRoundTrips<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.latency("rtt", roundTrip)
    visitor.latency("rtt_client", roundTripClient)
    visitor.latency("rtt_server", roundTripServer)
  }

  /// What happens after the handshake: answers of the system and of the application, and pauses.
  @inlinable @inline(__always)
  package mutating func visitLatencies<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.latency("srt", systemResponse)
    visitor.latency("art", dataResponse)
    visitor.latency("rrt", callResponse)
    visitor.latency("cit", clientIdle)
  }
}

/// TCP health.
extension FlowFigures {
  @inlinable @inline(__always)
  package mutating func visitRetransmissionTotal<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure(
      "retrans", UInt64(sentRetransmissions) + UInt64(receivedRetransmissions), "Retransmissions.")
  }

  @inlinable @inline(__always)
  package mutating func visitRetransmissions<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.sides(
      "retrans", UInt64(sentRetransmissions), UInt64(receivedRetransmissions), "Retransmissions")
  }

  @inlinable @inline(__always)
  package mutating func visitZeroWindowTotal<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure(
      "zero_win", UInt64(sentZeroWindows) + UInt64(receivedZeroWindows), "Zero windows.")
  }

  @inlinable @inline(__always)
  package mutating func visitZeroWindows<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.sides("zero_win", UInt64(sentZeroWindows), UInt64(receivedZeroWindows), "Zero windows")
  }

  @inlinable @inline(__always)
  package mutating func visitDisorder<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.sides(
      "ooo", UInt64(sentOutOfOrder), UInt64(receivedOutOfOrder), "Segments out of order")
  }

  @inlinable @inline(__always)
  package mutating func visitHandshakes<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("syn_count", UInt64(syns), "SYNs.")
    visitor.figure("synack_count", UInt64(synAcks), "SYN/ACKs.")
  }

  @inlinable @inline(__always)
  package mutating func visitHandshakeRepeats<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("retrans_syn", UInt64(synRetransmissions), "Repeated SYNs.")
    visitor.figure("retrans_synack", UInt64(synAckRetransmissions), "Repeated SYN/ACKs.")
  }

  /// All of it but the totals.
  @inlinable @inline(__always)
  package mutating func visitHealth<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitRetransmissions(&visitor)
    visitZeroWindows(&visitor)
    visitDisorder(&visitor)
    visitHandshakes(&visitor)
    visitHandshakeRepeats(&visitor)
  }
}

/// Application calls.
extension FlowFigures {
  @inlinable @inline(__always)
  package mutating func visitCalls<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("l7_request", UInt64(requests), "Application requests.")
    visitor.figure("l7_response", UInt64(responses), "Application responses.")
    visitor.figure("l7_client_error", UInt64(clientErrors), "Responses that blame the client.")
    visitor.figure("l7_server_error", UInt64(serverErrors), "Responses that blame the server.")
  }

  @inlinable @inline(__always)
  package mutating func visitCallErrors<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure(
      "l7_error", UInt64(clientErrors) + UInt64(serverErrors), "l7_client_error + l7_server_error.")
  }

  /// The field has two names for it, by the table.
  @inlinable @inline(__always)
  package mutating func visitCallTimeouts<Visitor: FigureVisitor>(
    as column: StaticString, _ visitor: inout Visitor
  ) {
    visitor.figure(column, UInt64(timeouts), "Requests without an answer in time.")
  }
}
