// SPDX-License-Identifier: Apache-2.0

/// The figures of the `network` tables.
extension NetworkMetric: Metered {
  package mutating func collectFigures(into figures: inout FigureValues) {
    figures.removeAll()
    visitFigures(&figures)
  }

  @inline(__always)
  package mutating func visitFigures<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    figures.visitPacketTotal(&visitor)
    figures.visitPackets(&visitor)
    figures.visitByteTotal(&visitor)
    figures.visitBytes(&visitor)
    visitFlows(&visitor)
    figures.visitRoundTrips(&visitor)
    figures.visitLatencies(&visitor)
    figures.visitHandshakes(&visitor)
    figures.visitRetransmissionTotal(&visitor)
    figures.visitRetransmissions(&visitor)
    figures.visitZeroWindowTotal(&visitor)
    figures.visitZeroWindows(&visitor)
    figures.visitDisorder(&visitor)
    figures.visitHandshakeRepeats(&visitor)
    closes.visitFigures(&visitor)
    figures.visitCalls(&visitor)
    visitCallTimeouts(&visitor)
    figures.visitCallErrors(&visitor)
  }

  @inline(__always)
  package mutating func visitFlows<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("new_flow", UInt64(newFlows), "Flows that began.")
    visitor.figure("closed_flow", UInt64(closedFlows), "Flows that ended.")
    visitor.level("flow_load", UInt64(flowLoad), "Flows open at some time of the interval.")
  }

  @inline(__always)
  package mutating func visitCallTimeouts<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    figures.visitCallTimeouts(as: "l7_timeout", &visitor)
  }
}

extension CloseCounts {
  @inline(__always)
  package mutating func visitFigures<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure(
      "client_rst_flow", UInt64(clientReset), "Flows the client reset in transfer.")
    visitor.figure(
      "server_rst_flow", UInt64(serverReset), "Flows the server reset in transfer.")
    visitor.figure(
      "server_syn_miss", UInt64(serverSynAckMissing), "Flows whose SYN was never answered.")
    visitor.figure(
      "client_ack_miss", UInt64(clientAckMissing), "Flows whose SYN/ACK was never acknowledged.")
    visitor.figure(
      "client_half_close_flow", UInt64(clientHalfClose),
      "Flows of which only the server's FIN was seen.")
    visitor.figure(
      "server_half_close_flow", UInt64(serverHalfClose),
      "Flows of which only the client's FIN was seen.")
    visitor.figure(
      "client_source_port_reuse", UInt64(clientPortReuse),
      "Flows begun on a port that was still in use.")
    visitor.figure("server_reset", UInt64(serverRefused), "Flows whose SYN was answered by RST.")
    visitor.figure(
      "server_queue_lack", UInt64(serverQueueFull),
      "Flows whose server's accept queue overflowed.")
    visitor.figure(
      "client_establish_other_rst", UInt64(clientEstablishReset),
      "Flows the client reset in the handshake.")
    visitor.figure(
      "server_establish_other_rst", UInt64(serverEstablishReset),
      "Flows the server reset in the handshake.")
    visitor.figure("tcp_timeout", UInt64(timeout), "TCP flows that ended in silence.")
    visitFailures(&visitor)
  }

  /// The same by what failed: in the handshake by whom, or after it.
  @inline(__always)
  mutating func visitFailures<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    let (client, server) = (clientEstablishFailures, serverEstablishFailures)
    visitor.figure("client_establish_fail", client, "Handshakes that failed by the client.")
    visitor.figure("server_establish_fail", server, "Handshakes that failed by the server.")
    visitor.figure(
      "tcp_establish_fail", client + server, "client_establish_fail + server_establish_fail.")
    visitor.figure("tcp_transfer_fail", transferFailures, "Flows that failed after the handshake.")
    visitor.figure(
      "tcp_rst_fail", resets, "Flows that were reset, in the handshake or after it.")
  }
}
