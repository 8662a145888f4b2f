// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// The members that calls, flows and metrics have in common, and the pieces they are made of.
///
/// A copy is a few pointers; whoever made the pieces calls ``free()`` when no copy is used any more.
struct SightingPieces {
  private let source: EnumerationPieces
  private let point: EnumerationPieces
  private let transport: EnumerationPieces
  let protocols: EnumerationPieces

  init(_ parsers: [any ProtocolParser.Type], tables: NumberTables) {
    source = EnumerationPieces("signal_source", tables: tables)
    point = EnumerationPieces(
      "observation_point",
      (0..<256).map { ($0, ObservationPoint(rawValue: UInt8($0)).name.description) },
      tables: tables)
    transport = EnumerationPieces("protocol", tables: tables)
    protocols = EnumerationPieces(
      "l7_protocol",
      parsers.map { (Int($0.descriptor.number.rawValue), $0.descriptor.name) }, tables: tables)
  }

  func free() {
    for pieces in [source, point, transport, protocols] { pieces.free() }
  }

  /// Where it was seen.
  @inline(__always)
  func writePlace(_ seen: inout some Sighting, to writer: inout LineWriter) {
    source.write(seen.signalSource.rawValue, to: &writer)
    point.write(seen.observationPoint.rawValue, to: &writer)
  }

  /// Where a call or flow was seen, and which it was.
  @inline(__always)
  func writeLog(_ seen: inout some LoggedSighting, to writer: inout LineWriter) {
    writePlace(&seen, to: &writer)
    writer.member(#","flow_id":"#, seen.flow)
    writer.member(#","direction_score":"#, UInt64(seen.directionScore))
  }

  /// Between whom. Metrics have no client's port.
  @inline(__always)
  func writeEnds(
    _ seen: inout some Sighting, hasClientPort: Bool = true, to writer: inout LineWriter
  ) {
    writer.member(#","ip_0":"#, seen.client.address)
    writer.member(#","ip_1":"#, seen.server.address)
    writer.flag(#","is_ipv4":1"#, seen.server.address.isV4)
    transport.write(seen.transport.rawValue, to: &writer)
    if hasClientPort { writer.member(#","client_port":"#, UInt64(seen.client.port)) }
    writer.member(#","server_port":"#, UInt64(seen.server.port))
  }
}
