// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

/// What goes in as columns comes out as it was.
@Suite struct RoundTripTests {
  @Test func everyColumnTypeComesBackAsItWasStored() async throws {
    try await withEngine { engine in
      try await engine.migrate([everyType])
      var batch = ColumnBatch(everyType)
      let rows = 700
      for row in 0..<rows { append(row, to: &batch) }
      try await engine.insert(batch, token: "a")
      let answer = try await engine.query(
        "SELECT * FROM flow_test.`every.type` ORDER BY u64", limits: .init())
      #expect(answer.table.columns.map(\.name) == everyType.columns.map(\.name))
      // The engine's format leaves the zone out of a time in seconds, which has none.
      let types = everyType.columns.map {
        $0.type.engineName.replacing("DateTime('UTC')", with: "DateTime")
      }
      #expect(answer.table.columns.map(\.type) == types)
      #expect(answer.table.rows.count == rows)
      for (row, values) in answer.table.rows.enumerated() {
        #expect(values == expected(row), "row \(row)")
      }
      #expect(answer.rowsRead == rows)
    }
  }

  /// The index width of a dictionary column grows with its keys; each width is read back.
  @Test(arguments: [1, 255, 256, 257, 65_536, 65_537, 70_000])
  func dictionariesOfAnySizeComeBack(keys: Int) async throws {
    let table = TableDeclaration(
      database: "flow_test", name: "words",
      columns: [
        .init("time", .dateTime, about: ""), .init("word", .lowCardinalityString, about: ""),
        .init("copy", .string, about: ""),
      ],
      orderBy: ["time"], partitionSeconds: 3_600, retentionHours: 1_000_000, about: "")
    try await withEngine { engine in
      try await engine.migrate([table])
      var batch = ColumnBatch(table)
      // Twice with the same batch: emptying it must forget the first block's keys.
      for round in 0..<2 {
        batch.removeAll()
        for row in 0..<keys + 10 {
          let word = row % keys == 0 ? "" : "word \(round) \(row % keys)"
          batch.append(1_790_000_000 as UInt32, to: 0)
          batch.append(word, to: 1)
          batch.append(word, to: 2)
        }
        try await engine.insert(batch, token: "round \(round)")
      }
      let answer = try await engine.query(
        "SELECT count(), countIf(word = copy), uniqExact(word) FROM flow_test.words",
        limits: .init())
      let rows = UInt64(keys + 10) * 2
      #expect(answer.table.rows == [[.uint(rows), .uint(rows), .uint(UInt64(keys) * 2 - 1)]])
    }
  }

  private func append(_ row: Int, to batch: inout ColumnBatch) {
    let number = UInt64(row)
    batch.append(1_790_000_000 as UInt32, to: 0)
    batch.append(UInt8(truncatingIfNeeded: row), to: 1)
    batch.append(UInt16.max - UInt16(row), to: 2)
    batch.append(UInt32.max - UInt32(row), to: 3)
    batch.append(number << 54 | number, to: 4)
    batch.append(Int32(-row), to: 5)
    batch.append(Int64.min + Int64(row), to: 6)
    batch.append(Double(row) / 3, to: 7)
    batch.append(text(row), to: 8)
    batch.append("word \(row % 300)", to: 9)
    batch.append(Int64(1_790_000_000_123_456 + row), to: 10)
    batch.append(address(row), to: 11)
    batch.append(row % 2 == 0 ? nil : number, to: 12)
    batch.append(row % 3 == 0 ? nil : Int32(row), to: 13)
    if row % 5 == 0 { batch.appendNull(to: 14) } else { batch.append(text(row), to: 14) }
    for element in 0..<row % 4 {
      batch.append("name \(element)", to: 15)
      batch.append("value \(row)", to: 16)
      batch.append(UInt32(element), to: 17)
    }
    for column in 15...17 { batch.endArray(in: column) }
  }

  private func expected(_ row: Int) -> [Value] {
    let number = UInt64(row)
    let elements = 0..<row % 4
    return [
      .uint(1_790_000_000), .uint(number & 0xff), .uint(UInt64(UInt16.max) - number),
      .uint(UInt64(UInt32.max) - number), .uint(number << 54 | number), .int(Int64(-row)),
      .int(Int64.min + Int64(row)), .double(Double(row) / 3), .string(text(row)),
      .string("word \(row % 300)"), .int(Int64(1_790_000_000_123_456 + row)),
      .string(address(row).description), row % 2 == 0 ? .null : .uint(number),
      row % 3 == 0 ? .null : .int(Int64(row)), row % 5 == 0 ? .null : .string(text(row)),
      .array(elements.map { .string("name \($0)") }),
      .array(elements.map { _ in .string("value \(row)") }),
      .array(elements.map { .uint(UInt64($0)) }),
    ]
  }

  private func text(_ row: Int) -> String {
    row % 7 == 0 ? "" : String(repeating: "\u{0}\n'\\`é", count: row % 40)
  }

  private func address(_ row: Int) -> IPAddress {
    row % 2 == 0
      ? IPAddress(v4: 0x0a00_0000 + UInt32(row))
      : IPAddress(high: 0x2001_0db8_0000_0000, low: UInt64(row))
  }
}
