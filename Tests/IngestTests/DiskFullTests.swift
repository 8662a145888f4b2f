// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Ingest

/// A disk that is really full: a small tmpfs, which only root can mount, as all kernel tests need.
@Suite(.serialized) struct DiskFullTests {
  private func withSmallDisk(_ body: (String) async throws -> Void) async throws {
    try await withDirectory { path in
      let mounted = unsafe mount("tmpfs", path, "tmpfs", 0, "size=1m")
      try #require(mounted == 0, "mounting a tmpfs needs root (errno \(errno))")
      defer { _ = unsafe umount2(path, CInt(MNT_DETACH)) }
      try await body(path)
    }
  }

  /// Nothing is acknowledged while the disk is full, and everything once there is space.
  @Test func journalGoesOnWhenThereIsSpaceAgain() async throws {
    try await withSmallDisk { path in
      let filler = path + "/filler"
      try Data(repeating: 1, count: 700 << 10).write(to: URL(fileURLWithPath: filler))
      var limits = JournalLimits()
      limits.groupMilliseconds = 0
      limits.segmentMilliseconds = 60_000
      limits.retryMilliseconds = 5
      let journal = try Journal(path: path + "/journal", limits: limits, logger: quietLogger)
      let marks = Mutex<[UInt64]>([])
      for sequence in 1...8 as ClosedRange<UInt64> {
        let entry = JournalEntry(
          sender: .agent(1), sequence: sequence, records: 1, encoding: .raw,
          payload: Array(repeating: UInt8(sequence), count: 64 << 10))
        #expect(
          journal.submit(entry) { mark in marks.withLock { $0.append(mark ?? 0) } } == .accepted)
      }
      #expect(await eventually { journal.fault?.isDiskFull == true })
      #expect(journal.mark(of: 1).sequence < 8)
      try FileManager.default.removeItem(atPath: filler)
      #expect(await eventually { marks.withLock { $0.last } == 8 })
      #expect(journal.fault == nil)
      journal.stop()
      var sequences: [UInt64] = []
      for await segment in journal.sealed {
        let stored = try journal.read(segment)
        #expect(stored.lostRecords == 0)
        sequences += stored.entries.map(\.sequence)
      }
      #expect(sequences == Array(1...8))
    }
  }

  /// What was acknowledged before the disk was full is there after a stop in the middle of it.
  @Test func stopWhileTheDiskIsFullKeepsWhatWasAcknowledged() async throws {
    try await withSmallDisk { path in
      var limits = JournalLimits()
      limits.groupMilliseconds = 0
      limits.segmentMilliseconds = 60_000
      limits.retryMilliseconds = 5
      let journal = try Journal(path: path + "/journal", limits: limits, logger: quietLogger)
      for sequence in 1...20 as ClosedRange<UInt64> {
        let entry = JournalEntry(
          sender: .agent(1), sequence: sequence, records: 1, encoding: .raw,
          payload: Array(repeating: UInt8(sequence), count: 100 << 10))
        _ = journal.submit(entry) { _ in }
        if sequence <= 3 { #expect(await eventually { journal.mark(of: 1).sequence == sequence }) }
      }
      #expect(await eventually { journal.fault?.isDiskFull == true })
      let acknowledged = journal.mark(of: 1)
      journal.stop()
      let recovery = try JournalRecovery(
        try JournalDirectory(path + "/journal"), machineDied: false, logger: quietLogger)
      #expect(recovery.header.marks[.agent(1)] == acknowledged)
    }
  }
}
