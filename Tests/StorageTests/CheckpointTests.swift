// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import TestSupport
import Testing

/// What stays when the power goes. It cannot be cut in a test; what the kernel has not written, and
/// what the engine was told to keep, can be seen.
@Suite struct CheckpointTests {
  @Test func rowsAreOnTheDiskAfterACheckpoint() async throws {
    let scratch = ScratchDirectory()
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([counters])
      try await engine.insert(counterRows(1_000), token: "1")
      try await engine.checkpoint()
      let files = unwrittenFiles(in: scratch.path + "/engine/store") ?? []
      #expect(files == [])
    }
  }

  /// A merge drops what it was made of, which may be all that is on the disk.
  @Test func mergedPartsStayUntilTheMergeIsWritten() async throws {
    try await withEngine { engine in
      try await engine.migrate([counters])
      for number in 0..<4 {
        try await engine.insert(counterRows(10, from: number * 10), token: "\(number)")
      }
      try await engine.merge([counters])
      let parts = try await engine.query(
        """
        SELECT countIf(active), countIf(NOT active) FROM system.parts
        WHERE database = 'flow_test' AND table = 'counters'
        """, limits: .init())
      #expect(parts.table.rows == [[.uint(1), .uint(4)]])
    }
  }
}
