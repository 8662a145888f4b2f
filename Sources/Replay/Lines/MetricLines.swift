// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes metrics as lines: the columns of the `application_map` and `network_map` tables that an
/// agent knows.
struct MetricLines: ~Copyable {
  private static let fixedBytes = 8_192

  private var time = LineTime()
  private let pieces: SightingPieces
  private let tunnel: EnumerationPieces

  /// - Parameter pieces: stay the caller's.
  init(tables: NumberTables, pieces: SightingPieces) {
    self.pieces = pieces
    tunnel = EnumerationPieces("tunnel_type", tables: tables)
  }

  deinit {
    tunnel.free()
  }

  mutating func write(
    _ metric: inout CallMetric, _ texts: LineTexts, tables: NumberTables,
    to output: inout LineOutput
  ) throws(ReplayError) {
    let room = Self.fixedBytes &+ LineWriter.expansion &* Int(metric.endpoint.length)
    var writer = unsafe LineWriter(at: try output.place(for: room), tables: tables)
    begin(
      #"{"table":"application_map.1s","time":"#, #"{"table":"application_map.1m","time":"#,
      &metric, &writer)
    pieces.writeEnds(&metric, hasClientPort: false, to: &writer)
    pieces.protocols.write(metric.applicationProtocol.rawValue, to: &writer)
    writer.member(#","endpoint":"#, metric.endpoint, of: texts)
    writer.member(#","direction_score":"#, UInt64(metric.directionScore))
    metric.visitFigures(&writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  mutating func write(
    _ metric: inout NetworkMetric, _ texts: LineTexts, tables: NumberTables,
    to output: inout LineOutput
  ) throws(ReplayError) {
    var writer = unsafe LineWriter(at: try output.place(for: Self.fixedBytes), tables: tables)
    begin(
      #"{"table":"network_map.1s","time":"#, #"{"table":"network_map.1m","time":"#, &metric,
      &writer)
    tunnel.write(metric.tunnelType.rawValue, to: &writer)
    pieces.writeEnds(&metric, hasClientPort: false, to: &writer)
    writer.member(#","direction_score":"#, UInt64(metric.directionScore))
    figures(&metric, &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  @inline(__always)
  private mutating func begin(
    _ second: StaticString, _ minute: StaticString, _ metric: inout some SightingMetric,
    _ writer: inout LineWriter
  ) {
    writer.raw(metric.interval == 60 ? minute : second)
    time.seconds(metric.time, to: &writer)
    pieces.writePlace(&metric, to: &writer)
  }

  @inline(__always)
  private func figures(_ metric: inout NetworkMetric, _ writer: inout LineWriter) {
    metric.figures.visitPacketTotal(&writer)
    metric.figures.visitByteTotal(&writer)
    metric.figures.visitPackets(&writer)
    metric.figures.visitBytes(&writer)
    metric.figures.visitRoundTrips(&writer)
    metric.figures.visitLatencies(&writer)
    metric.figures.visitRetransmissionTotal(&writer)
    metric.figures.visitZeroWindowTotal(&writer)
    metric.figures.visitHealth(&writer)
    metric.figures.visitCalls(&writer)
    metric.figures.visitCallErrors(&writer)
    metric.visitCallTimeouts(&writer)
    metric.visitFlows(&writer)
    metric.closes.visitFigures(&writer)
  }
}
