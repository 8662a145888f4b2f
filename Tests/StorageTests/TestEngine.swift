// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Storage
import Telemetry

/// A directory that is gone after the test.
final class ScratchDirectory: Sendable {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "/metaflow-storage-\(UUID().uuidString)"
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs `body` with the real engine, on a new directory unless one is given.
func withEngine(
  in directory: String? = nil, settings: EngineSettings = .init(memory: 1 << 30),
  _ body: (EmbeddedEngine) async throws -> Void
) async throws {
  let scratch = ScratchDirectory()
  let engine = try await startEngine(in: directory ?? scratch.path, settings: settings)
  do {
    try await body(engine)
  } catch {
    await engine.close()
    throw error
  }
  await engine.close()
  withExtendedLifetime(scratch) {}
}

func startEngine(
  in directory: String, settings: EngineSettings = .init(memory: 1 << 30)
) async throws -> EmbeddedEngine {
  try await EmbeddedEngine.start(
    directory: directory, installation: try .find(), settings: settings,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
}

/// A table with every type of column.
let everyType = TableDeclaration(
  database: "flow_test", name: "every.type",
  columns: [
    .init("time", .dateTime, codec: .doubleDelta, about: ""),
    .init("u8", .uint8, about: ""),
    .init("u16", .uint16, codec: .transposed, about: ""),
    .init("u32", .uint32, index: .set, about: ""),
    .init("u64", .uint64, codec: .delta, index: .minMax, about: ""),
    .init("i32", .int32, about: ""),
    .init("i64", .int64, about: ""),
    .init("f64", .float64, about: ""),
    .init("text", .string, index: .bloomFilter, about: ""),
    .init("word", .lowCardinalityString, about: ""),
    .init("instant", .dateTimeMicroseconds, about: ""),
    .init("ip", .ipv6, about: ""),
    .init("maybe_u64", .nullable(.uint64), about: ""),
    .init("maybe_i32", .nullable(.int32), about: ""),
    .init("maybe_text", .nullable(.string), about: ""),
    .init("words", .array(.lowCardinalityString), about: ""),
    .init("texts", .array(.string), about: ""),
    .init("numbers", .array(.uint32), about: ""),
  ],
  orderBy: ["time", "u64"], partitionSeconds: 3_600, retentionHours: 1_000_000, about: "")

/// A small table for tests that are about statements, not columns.
let counters = TableDeclaration(
  database: "flow_test", name: "counters",
  columns: [
    .init("time", .dateTime, codec: .doubleDelta, about: ""),
    .init("number", .uint64, codec: .delta, about: ""),
    .init("pad", .string, about: ""),
  ],
  orderBy: ["time"], partitionSeconds: 3_600, retentionHours: 1_000_000, about: "")

/// `count` rows of ``counters`` with numbers from `first`, in the hour of `time`.
func counterRows(_ count: Int, from first: Int = 0, time: UInt32 = 1_790_000_000) -> ColumnBatch {
  var batch = ColumnBatch(counters)
  for number in first..<first + count {
    batch.append(time, to: 0)
    batch.append(UInt64(number), to: 1)
    batch.append("row \(number)", to: 2)
  }
  return batch
}

extension EmbeddedEngine {
  /// Rows, and the sum and the count of different `number`s of ``counters``.
  func counted() async throws -> [Value] {
    try await query(
      "SELECT count(), sum(number), uniqExact(number) FROM flow_test.counters", limits: .init()
    ).table.rows[0]
  }
}
