// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Section 13 of a batch: what an agent sees of its host.
extension CoverageReport {
  func write(to writer: inout WireWriter) {
    writer.zigzag(time.nanoseconds)
    writer.varint(leftOut)
    let rows = rows.prefix(Self.mostRows)
    writer.varint(UInt64(rows.count))
    for row in rows {
      row.process.write(to: &writer)
      writer.string(row.name)
      writer.byte(row.gap.rawValue)
      writer.byte(row.applicationProtocol.rawValue)
      writer.fixed(row.port)
      writer.string(row.subject)
      writer.varint(row.count)
    }
  }

  /// A process, two strings, a count and four bytes.
  private static let smallestRow = 9

  init(from reader: inout WireReader) throws(WireError) {
    self.init(
      time: Timestamp(nanoseconds: reader.zigzag()), rows: [], leftOut: reader.varint())
    for _ in 0..<reader.count(limit: Self.mostRows, rowBytes: Self.smallestRow) {
      let row = Row(
        process: ProcessKey(from: &reader), name: reader.string(),
        gap: CoverageGap(rawValue: reader.byte()),
        applicationProtocol: ApplicationProtocol(rawValue: reader.byte()), port: reader.fixed(),
        subject: reader.string(), count: reader.varint())
      try reader.check()
      rows.append(row)
    }
  }
}
