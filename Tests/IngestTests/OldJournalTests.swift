// SPDX-License-Identifier: Apache-2.0

import Bytes
import Foundation
import TestSupport
import Testing

@testable import Ingest

/// Segments as earlier versions wrote them, and bodies of other senders than agents.
@Suite struct OldJournalTests {
  /// A header with one mark, and two batches of agent 7, laid out as version 1 or 2 did.
  private func segment(version: Int) -> [UInt8] {
    var header = LittleEndianWriter()
    header.append(Array("MFJRNL0\(version)".utf8).span)
    header.append(11 as UInt64)
    header.append(3 as UInt64)
    header.append(99 as UInt64)
    header.append(1 as UInt32)
    header.append(9 as UInt16)
    header.append(5 as UInt64)
    if version == 2 {
      header.append(1 as UInt8)
      header.append(77 as UInt32)
    }
    header.append(CRC32.checksum(header.bytes.span))
    var bytes = Array(header.bytes)
    for sequence in 1...2 as ClosedRange<UInt64> {
      let payload = Array(repeating: UInt8(sequence), count: 30)
      var head = LittleEndianWriter()
      head.append(7 as UInt16)
      head.append(1 as UInt8)
      head.append(0 as UInt8)
      head.append(sequence)
      head.append(4 as UInt32)
      var entry = LittleEndianWriter()
      entry.append(30 as UInt32)
      entry.append(CRC32.checksum(payload.span, after: CRC32.checksum(head.bytes.span)))
      entry.append(head)
      entry.append(payload.span)
      bytes += Array(entry.bytes)
    }
    return bytes
  }

  @Test(arguments: [1, 2]) func earlierLayoutsAreRead(version: Int) throws {
    let bytes = segment(version: version)
    let read = SegmentContents(bytes.span)
    let contents = try #require(read)
    #expect(contents.header.journal == 11 && contents.header.recordsBefore == 99)
    #expect(
      contents.header.marks == [
        .agent(9): AgentMark(sequence: 5, checksum: version == 2 ? 77 : nil)
      ])
    #expect(contents.entries.map(\.sequence) == [1, 2] && contents.tornBytes == 0)
    #expect(
      contents.entries.allSatisfy {
        $0.sender == .agent(7) && $0.format == .agentBatch && $0.encoding == .zstd
          && $0.records == 4 && $0.payload.count == 30
      })
  }

  /// What the header would have told of the layout is told by the entries.
  @Test(arguments: [1, 2]) func aDamagedHeaderCostsNoEntryOfThem(version: Int) throws {
    var bytes = segment(version: version)
    bytes[9] ^= 1
    #expect(SegmentContents(bytes.span) == nil)
    let header = SegmentHeader(journal: 1, number: 3, recordsBefore: 0, marks: [:])
    let contents = SegmentContents(bytes.span, fallback: header)
    #expect(contents.entries.map(\.sequence) == [1, 2])
  }

  /// A server that was updated goes on where the old one stopped.
  @Test func anOldJournalIsTakenOver() async throws {
    try await withDirectory { path in
      let folder = path + "/journal"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(segment(version: 2)).write(
        to: URL(filePath: folder + "/00000000000000000003.segment"))
      let journal = try Journal(path: folder, logger: quietLogger)
      #expect(journal.mark(of: 7).sequence == 2 && journal.mark(of: 9).sequence == 5)
      journal.stop()
      var read: [JournalEntry] = []
      for await segment in journal.sealed { read += try journal.read(segment).entries }
      #expect(read.map(\.sequence) == [1, 2])
    }
  }

  /// Who does not count what he sends has it stored each time, and has no mark.
  @Test func bodiesWithoutASequenceAreAlwaysNew() async throws {
    try await withDirectory { path in
      let journal = try Journal(path: path + "/journal", logger: quietLogger)
      let body = JournalEntry(
        sender: .source(70_000), sequence: 0, records: 2, format: .recordLines, encoding: .gzip,
        payload: [1, 2, 3])
      for _ in 0..<3 {
        let isThere = await withCheckedContinuation { done in
          #expect(journal.submit(body) { done.resume(returning: $0 != nil) } == .accepted)
        }
        #expect(isThere)
      }
      journal.stop()
      var read: [JournalEntry] = []
      for await segment in journal.sealed { read += try journal.read(segment).entries }
      #expect(read == [body, body, body])
      let second = try Journal(path: path + "/journal", logger: quietLogger)
      #expect(second.mark(of: 4_464) == AgentMark())
      second.stop()
      #expect(second.submit(body) { _ in } == .stopped)
    }
  }
}
