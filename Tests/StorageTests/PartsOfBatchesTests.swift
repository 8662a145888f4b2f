// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

/// Batches in parts, and what the engine's numbers for errors mean to whoever inserts.
@Suite struct PartsOfBatchesTests {
  @Test(arguments: [[0, 9], [0, 1, 9], [0, 4, 5, 9], [0, 0, 9, 9]])
  func aBatchInPartsIsTheBatch(cuts: [Int]) async throws {
    var batch = ColumnBatch(everyType)
    for row in 0..<9 { append(row, to: &batch) }
    try await withEngine { engine in
      var whole = everyType
      whole.name = "whole"
      var copy = ColumnBatch(whole)
      for row in 0..<9 { append(row, to: &copy) }
      try await engine.migrate([everyType, whole])
      try await engine.insert(copy, token: "whole")
      for (lower, upper) in zip(cuts, cuts.dropFirst()) {
        let part = batch.rows(lower..<upper)
        #expect(part.rows == upper - lower)
        try await engine.insert(part, token: "\(lower)")
      }
      func rows(_ table: String) async throws -> [[Value]] {
        try await engine.query(
          "SELECT * FROM flow_test.`\(table)` ORDER BY u64", limits: .init()
        ).table.rows
      }
      #expect(try await rows("every.type") == rows("whole"))
    }
  }

  private func append(_ row: Int, to batch: inout ColumnBatch) {
    batch.append(1_790_000_000 as UInt32, to: 0)
    batch.append(UInt8(row), to: 1)
    batch.append(UInt16(row), to: 2)
    batch.append(UInt32(row), to: 3)
    batch.append(UInt64(row), to: 4)
    batch.append(Int32(-row), to: 5)
    batch.append(Int64(-row), to: 6)
    batch.append(Double(row), to: 7)
    // Beyond 127 bytes a length takes two of its own.
    batch.append(String(repeating: "x", count: row * 40), to: 8)
    batch.append("word \(row % 3)", to: 9)
    batch.append(Int64(row), to: 10)
    batch.append(IPAddress(v4: UInt32(row)), to: 11)
    batch.append(row % 2 == 0 ? UInt64(row) : nil, to: 12)
    batch.append(row % 2 == 1 ? Int32(row) : nil, to: 13)
    if row % 3 == 0 { batch.appendNull(to: 14) } else { batch.append("t\(row)", to: 14) }
    for element in 0..<row % 4 {
      batch.append("w\(element)", to: 15)
      batch.append("text \(row) \(element)", to: 16)
      batch.append(UInt32(element), to: 17)
    }
    for column in 15...17 { batch.endArray(in: column) }
  }

  @Test func troubleThatPassesIsToldFromRowsThatAreWrong() {
    let passing = [
      198, 202, 203, 209, 210, 225, 236, 242, 244, 252, 279, 285, 286, 319, 394, 415, 439, 999,
    ]
    for code in passing {
      #expect(StorageError(engineCode: code, message: "", seconds: 1).isTransient, "code \(code)")
    }
    for code in [6, 27, 44, 47, 53, 60, 62, 349, 158, 159, 173, 241, 307] {
      #expect(!StorageError(engineCode: code, message: "", seconds: 1).isTransient, "code \(code)")
    }
    let partitions = "Too many partitions for single INSERT block (more than 100)."
    #expect(
      StorageError(engineCode: 252, message: partitions, seconds: 1) == .tooLarge(partitions))
  }
}
