// SPDX-License-Identifier: Apache-2.0

/// The figures of `l4_flow_log`.
extension FlowRecord: Metered {
  @inlinable @inline(__always)
  package mutating func visitFigures<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitSums(&visitor)
    visitCounts(&visitor)
  }

  /// Those that are stored in 64 bits.
  @inlinable @inline(__always)
  package mutating func visitSums<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    figures.visitPackets(&visitor)
    figures.visitBytes(&visitor)
    visitor.figure("total_packet_tx", totalSentPackets, "packet_tx since the flow began.")
    visitor.figure("total_packet_rx", totalReceivedPackets, "packet_rx since the flow began.")
    visitor.figure("total_byte_tx", totalSentBytes, "byte_tx since the flow began.")
    visitor.figure("total_byte_rx", totalReceivedBytes, "byte_rx since the flow began.")
    figures.visitMeanRoundTrips(&visitor)
    figures.visitLatencies(&visitor)
  }

  /// Those that are stored in 32 bits.
  @inlinable @inline(__always)
  package mutating func visitCounts<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitHealth(&visitor)
    figures.visitCalls(&visitor)
    visitCallTimeouts(&visitor)
    figures.visitCallErrors(&visitor)
    visitParseFailures(&visitor)
  }

  @inlinable @inline(__always)
  package mutating func visitHealth<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    figures.visitHealth(&visitor)
    visitor.figure("fin_count", UInt64(figures.fins), "FINs.")
  }

  @inlinable @inline(__always)
  package mutating func visitCallTimeouts<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    figures.visitCallTimeouts(as: "l7_server_timeout", &visitor)
  }

  @inlinable @inline(__always)
  package mutating func visitParseFailures<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure(
      "l7_parse_failed", UInt64(figures.parseFailures), "Messages that did not read.")
  }
}
