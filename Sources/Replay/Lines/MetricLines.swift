// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes metrics as lines: the columns of the `application_map` and `network_map` tables that an
/// agent knows.
struct MetricLines: ~Copyable {
  private static let fixedBytes = 8_192

  private var time = LineTime()
  private let pieces: SightingPieces
  private let tunnel: EnumerationPieces
  private let callFigures = FigurePieces(of: CallMetric.self)
  private let networkFigures = FigurePieces(
    of: NetworkMetric.self, order: NetworkMetric.lineOrder)
  private var values = FigureValues()

  /// - Parameter pieces: stay the caller's.
  init(tables: NumberTables, pieces: SightingPieces) {
    self.pieces = pieces
    tunnel = EnumerationPieces("tunnel_type", tables: tables)
  }

  deinit {
    tunnel.free()
    callFigures.free()
    networkFigures.free()
  }

  mutating func write(
    _ metric: inout CallMetric, _ texts: LineTexts, tables: NumberTables,
    to output: inout LineOutput
  ) throws(ReplayError) {
    let room = Self.fixedBytes &+ LineWriter.expansion &* Int(metric.endpoint.length)
    var writer = unsafe LineWriter(at: try output.place(for: room), tables: tables)
    writer.raw(
      metric.interval == 60
        ? #"{"table":"application_map.1m","time":"# : #"{"table":"application_map.1s","time":"#)
    time.seconds(metric.time, to: &writer)
    pieces.writePlace(metric.signalSource, metric.observationPoint, to: &writer)
    pieces.writeEnds(metric.client.address, metric.server.address, metric.transport, to: &writer)
    writer.member(#","server_port":"#, UInt64(metric.server.port))
    pieces.protocols.write(metric.applicationProtocol.rawValue, to: &writer)
    writer.member(#","endpoint":"#, metric.endpoint, of: texts)
    writer.member(#","direction_score":"#, UInt64(metric.directionScore))
    metric.collectFigures(into: &values)
    callFigures.write(&values, to: &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  mutating func write(
    _ metric: inout NetworkMetric, _ texts: LineTexts, tables: NumberTables,
    to output: inout LineOutput
  ) throws(ReplayError) {
    var writer = unsafe LineWriter(at: try output.place(for: Self.fixedBytes), tables: tables)
    writer.raw(
      metric.interval == 60
        ? #"{"table":"network_map.1m","time":"# : #"{"table":"network_map.1s","time":"#)
    time.seconds(metric.time, to: &writer)
    pieces.writePlace(metric.signalSource, metric.observationPoint, to: &writer)
    tunnel.write(metric.tunnelType.rawValue, to: &writer)
    pieces.writeEnds(metric.client.address, metric.server.address, metric.transport, to: &writer)
    writer.member(#","server_port":"#, UInt64(metric.server.port))
    writer.member(#","direction_score":"#, UInt64(metric.directionScore))
    metric.collectFigures(into: &values)
    networkFigures.write(&values, to: &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }
}
