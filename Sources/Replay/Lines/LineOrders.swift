// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Figures in the order of their lines, where it is not that of the table's columns: totals first, and
/// behind those what flows and metrics have in common.
extension FlowRecord {
  static var lineOrder: [String] {
    var flow = zero
    var names = FigureNames()
    flow.visitSums(&names)
    flow.visitHealth(&names)
    flow.figures.visitCalls(&names)
    flow.figures.visitCallErrors(&names)
    flow.visitCallTimeouts(&names)
    flow.visitParseFailures(&names)
    return names.names
  }
}

extension NetworkMetric {
  static var lineOrder: [String] {
    var metric = zero
    var names = FigureNames()
    metric.figures.visitPacketTotal(&names)
    metric.figures.visitByteTotal(&names)
    metric.figures.visitPackets(&names)
    metric.figures.visitBytes(&names)
    metric.figures.visitRoundTrips(&names)
    metric.figures.visitLatencies(&names)
    metric.figures.visitRetransmissionTotal(&names)
    metric.figures.visitZeroWindowTotal(&names)
    metric.figures.visitHealth(&names)
    metric.figures.visitCalls(&names)
    metric.figures.visitCallErrors(&names)
    metric.visitCallTimeouts(&names)
    metric.visitFlows(&names)
    metric.closes.visitFigures(&names)
    return names.names
  }
}
