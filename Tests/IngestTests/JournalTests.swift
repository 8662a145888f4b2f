// SPDX-License-Identifier: Apache-2.0

import Bytes
import Foundation
import Synchronization
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

@Suite struct JournalTests {
  private var limits: JournalLimits {
    var limits = JournalLimits()
    limits.groupMilliseconds = 0
    limits.segmentMilliseconds = 10
    limits.retryMilliseconds = 10
    return limits
  }

  private func open(_ path: String, _ limits: JournalLimits? = nil) throws -> Journal {
    try Journal(path: path + "/journal", limits: limits ?? self.limits, logger: quietLogger)
  }

  private func small(_ sequence: UInt64, agent: UInt16 = 1, bytes: Int = 40) -> JournalEntry {
    JournalEntry(
      sender: .agent(agent), sequence: sequence, records: 1, encoding: .raw,
      payload: Array(repeating: UInt8(truncatingIfNeeded: sequence), count: bytes))
  }

  private func append(_ journal: Journal, _ entries: [JournalEntry]) async {
    for entry in entries {
      _ = await withCheckedContinuation { done in
        if journal.submit(entry, completion: { done.resume(returning: $0 ?? 0) }) == .stopped {
          done.resume(returning: 0)
        }
      }
    }
  }

  private func everything(_ journal: Journal) async throws -> [JournalEntry] {
    journal.stop()
    var entries: [JournalEntry] = []
    for await segment in journal.sealed {
      entries += try journal.read(segment).entries
    }
    return entries
  }

  @Test func whatIsAcknowledgedIsThereAfterARestart() async throws {
    try await withDirectory { path in
      try FileManager.default.createDirectory(
        atPath: path + "/left", withIntermediateDirectories: true)
      let entries = (1...20).map { small($0) }
      var patient = limits
      patient.segmentMilliseconds = 60_000
      let first = try open(path, patient)
      await append(first, Array(entries[..<10]))
      // What a dead server leaves behind is what stands in its files at that moment.
      try FileManager.default.copyItem(atPath: path + "/journal", toPath: path + "/left/journal")
      first.stop()
      let second = try open(path + "/left")
      #expect(second.mark(of: 1) == small(10).mark)
      await append(second, Array(entries[10...]))
      #expect(try await everything(second) == entries)
    }
  }

  @Test func repeatedBatchIsAcknowledgedAndNotStoredAgain() async throws {
    try await withDirectory { path in
      let journal = try open(path)
      await append(journal, [small(1), small(2)])
      let marks = Mutex<[UInt64]>([])
      #expect(
        journal.submit(small(1)) { mark in marks.withLock { $0.append(mark ?? 0) } } == .repeated)
      #expect(await eventually { marks.withLock { $0 } == [2] })
      await append(journal, [small(3), small(2), small(7), small(5)])
      #expect(try await everything(journal).map(\.sequence) == [1, 2, 3, 7])
    }
  }

  @Test func agentsHaveSequencesOfTheirOwn() async throws {
    try await withDirectory { path in
      let journal = try open(path)
      await append(journal, [small(5, agent: 1), small(1, agent: 2), small(2, agent: 2)])
      #expect(journal.mark(of: 1).sequence == 5)
      #expect(journal.mark(of: 2).sequence == 2)
      #expect(journal.mark(of: 3) == AgentMark())
      #expect(try await everything(journal).count == 3)
    }
  }

  /// The marks outlive the segments that the batches were in.
  @Test func marksOutliveTheirSegments() async throws {
    try await withDirectory { path in
      let first = try open(path)
      await append(first, [small(9)])
      first.stop()
      for await segment in first.sealed { try first.delete(segment) }
      let second = try open(path)
      #expect(second.mark(of: 1) == small(9).mark)
      #expect(second.identity == first.identity)
      #expect(try await everything(second) == [])
    }
  }

  /// A number that another batch has is another agent's: acknowledging it would lose the batch.
  @Test func batchUnderTheNumberOfAnotherIsNotTakenForARepetition() async throws {
    try await withDirectory { path in
      let journal = try open(path)
      await append(journal, [small(1), small(2)])
      #expect(journal.submit(small(2, bytes: 41)) { _ in } == .foreign)
      #expect(journal.submit(small(1, bytes: 41)) { _ in } == .foreign)
      #expect(journal.submit(small(2)) { _ in } == .repeated)
      journal.stop()
      let second = try open(path)
      #expect(second.submit(small(2, bytes: 41)) { _ in } == .foreign)
      #expect(second.submit(small(2)) { _ in } == .repeated)
      second.stop()
    }
  }

  /// One number that cannot be true must not make all true ones repetitions.
  @Test(arguments: [UInt64.max, 1 << 60, (1 << 32) + 3] as [UInt64])
  func numberFarAheadIsRefusedAndChangesNothing(sequence: UInt64) async throws {
    try await withDirectory { path in
      let journal = try open(path)
      await append(journal, [small(1), small(2)])
      #expect(journal.submit(small(sequence)) { _ in } == .tooFarAhead)
      #expect(journal.submit(small(UInt64.max, agent: 9)) { _ in } == .tooFarAhead)
      await append(journal, [small(3), small(1 << 20)])
      #expect(try await everything(journal).map(\.sequence) == [1, 2, 3, 1 << 20])
    }
  }

  /// Whatever byte of a sealed segment is damaged, what cannot be read is told to the record.
  @Test func damageOfASealedSegmentIsCountedExactly() async throws {
    try await withDirectory { path in
      let journal = try open(path)
      await append(journal, (1...6).map { small($0) })
      journal.stop()
      var segments: [SealedSegment] = []
      for await segment in journal.sealed { segments.append(segment) }
      for segment in segments {
        let file = journal.directory.path(of: segment.number)
        let sound = try Data(contentsOf: URL(filePath: file))
        let written = try #require(segment.records)
        for index in 0..<sound.count {
          var damaged = sound
          damaged[index] ^= 0xff
          try damaged.write(to: URL(filePath: file))
          let read = try journal.read(segment)
          let records = read.entries.reduce(0) { $0 + UInt64($1.records) }
          #expect(records + read.lostRecords == written, "byte \(index)")
          #expect(read.lostRecords <= 1, "byte \(index)")
          #expect(read.recordsBefore == segment.recordsBefore, "byte \(index)")
        }
      }
    }
  }

  @Test func secondServerOnADirectoryIsRefused() async throws {
    try await withDirectory { path in
      let journal = try open(path)
      let error = #expect(throws: JournalError.self) { _ = try open(path) }
      #expect("\(try #require(error))".contains("another server"))
      journal.stop()
    }
  }

  /// A crash may cut the last write at any byte; every entry before the cut is kept.
  @Test func segmentCutAtAnyByteKeepsTheEntriesBefore() {
    let (bytes, ends) = segment()
    for length in 0..<bytes.count {
      let front = Array(bytes[..<length])
      let contents = SegmentContents(front.span)
      guard length >= ends[0] else {
        #expect(contents == nil)
        continue
      }
      let whole = ends.dropFirst().filter { $0 <= length }.count
      #expect(contents?.entries.count == whole, "cut at \(length)")
      #expect(contents?.damagedEntries == 0)
    }
  }

  /// One damaged byte costs one entry, also in a length.
  @Test func damagedByteIsFound() {
    let (bytes, ends) = segment()
    let whole = SegmentContents(bytes.span)?.entries ?? []
    #expect(whole.count == 5)
    for index in 0..<bytes.count {
      var damaged = bytes
      damaged[index] ^= 0x5a
      guard let contents = SegmentContents(damaged.span) else {
        #expect(index < ends[0])
        continue
      }
      #expect(index >= ends[0])
      #expect(contents.entries.allSatisfy { whole.contains($0) }, "byte \(index)")
      let entry = ends.count { $0 <= index }
      if entry < ends.count - 1 {
        #expect(contents.entries.count == whole.count - 1, "byte \(index)")
        #expect(contents.damagedEntries == 1)
      }
    }
  }

  @Test func randomBytesNeverTrap() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let (bytes, _) = segment()
    for _ in 0..<3_000 {
      var damaged = bytes
      for _ in 0..<Int(generator.next() % 8 + 1) {
        damaged[Int(generator.next() % UInt64(bytes.count))] = UInt8(generator.next() & 0xff)
      }
      let contents = SegmentContents(damaged.span)
      #expect(contents?.entries.count ?? 0 <= 5, "seed \(seed)")
    }
  }

  @Test func fullQueueHasNoRoomUntilItIsWritten() async throws {
    try await withDirectory { path in
      var limits = limits
      limits.storedBytes = 500
      let journal = try open(path, limits)
      await append(journal, (1...10).map { small($0, bytes: 100) })
      #expect(await eventually { !journal.hasRoom })
      let called = Mutex(false)
      journal.whenRoom { called.withLock { $0 = true } }
      #expect(!called.withLock { $0 })
      journal.stop()
      for await segment in journal.sealed { try journal.delete(segment) }
      #expect(journal.hasRoom)
      #expect(called.withLock { $0 })
    }
  }

  /// A header of three marks and five entries, and where each of them ends.
  private func segment() -> ([UInt8], [Int]) {
    let header = SegmentHeader(
      journal: 7, number: 3, recordsBefore: 99,
      marks: [
        .agent(1): AgentMark(sequence: 4, checksum: 7), .agent(2): AgentMark(sequence: 5),
        .source(65_536): AgentMark(sequence: .max, checksum: 0),
      ])
    var bytes = header.bytes
    var ends = [bytes.count]
    for sequence in 1...5 as ClosedRange<UInt64> {
      var writer = LittleEndianWriter()
      small(sequence, bytes: 10 + Int(sequence)).write(to: &writer)
      bytes += writer.bytes
      ends.append(bytes.count)
    }
    return (bytes, ends)
  }
}
