// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

/// Names are written before the rows that carry their numbers, so whoever sees a row sees its name.
@Suite struct NameTests {
  private static let rows = TableDeclaration(
    database: "flow_test", name: "named",
    columns: [.init("time", .dateTime, about: ""), .init("tag_set_id", .uint32, about: "")],
    orderBy: ["time"], partitionSeconds: 3_600, retentionHours: 1_000_000, about: "")

  private func resource(_ number: UInt32) -> ColumnBatch {
    var batch = ColumnBatch(.resource)
    batch.append(number, to: 0)
    batch.append(120 as UInt8, to: 1)
    batch.append(number, to: 2)
    batch.append("p\(number)", to: 3)
    batch.append("p\(number)", to: 4)
    for column in 5...7 { batch.endArray(in: column) }
    batch.append(1_790_000_000 as UInt32, to: 8)
    batch.append(0 as UInt32, to: 9)
    batch.append(UInt64(number), to: 10)
    return batch
  }

  private func row(_ number: UInt32) -> ColumnBatch {
    var batch = ColumnBatch(Self.rows)
    batch.append(1_790_000_000 as UInt32, to: 0)
    batch.append(number, to: 1)
    return batch
  }

  @Test func aRowIsNeverSeenWithoutItsName() async throws {
    try await withEngine { engine in
      try await engine.migrate([.resource, Self.rows])
      let count: UInt32 = 120
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 1...count {
            try await engine.insert(resource(number), token: "name \(number)")
            try await engine.insert(row(number), token: "row \(number)")
          }
        }
        for _ in 0..<3 {
          group.addTask {
            var seen: UInt64 = 0
            while seen < UInt64(count) {
              let answer = try await engine.query(
                """
                SELECT count(), countIf(name != concat('p', toString(tag_set_id))) FROM (
                  SELECT tag_set_id,
                    dictGet('flow_tag.resource_map', 'name', toUInt64(tag_set_id)) AS name
                  FROM flow_test.named)
                """, limits: .init())
              guard case .uint(let rows) = answer.table.rows[0][0] else { return }
              #expect(answer.table.rows[0][1] == .uint(0), "of \(rows) rows")
              seen = rows
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
