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
  let carriers: EnumerationPieces

  init(_ parsers: [any ProtocolKind], tables: NumberTables) {
    source = EnumerationPieces("signal_source", tables: tables)
    point = EnumerationPieces(
      "observation_point",
      (0..<256).map { ($0, ObservationPoint(rawValue: UInt8($0)).name.description) },
      tables: tables)
    transport = EnumerationPieces("protocol", tables: tables)
    let names = parsers.spoken.map { (Int($0.number.rawValue), $0.name) }
    protocols = EnumerationPieces("l7_protocol", names, tables: tables)
    carriers = EnumerationPieces("carrier_protocol", names, tables: tables)
  }

  func free() {
    for pieces in [source, point, transport, protocols, carriers] { pieces.free() }
  }

  /// Where it was seen.
  @inline(__always)
  func writePlace(
    _ source: SignalSource, _ point: ObservationPoint, to writer: inout LineWriter
  ) {
    self.source.write(source.rawValue, to: &writer)
    self.point.write(point.rawValue, to: &writer)
  }

  /// Between whom.
  @inline(__always)
  func writeEnds(
    _ client: IPAddress, _ server: IPAddress, _ transport: TransportProtocol,
    to writer: inout LineWriter
  ) {
    writer.member(#","ip_0":"#, client)
    writer.member(#","ip_1":"#, server)
    writer.flag(#","is_ipv4":1"#, server.high == 0 && server.low >> 32 == 0xffff)
    self.transport.write(transport.rawValue, to: &writer)
  }
}
