// SPDX-License-Identifier: Apache-2.0

import Logging

/// What a journal directory holds when a server starts on it.
struct JournalRecovery: Sendable {
  /// Of the segment to go on with, which does not exist yet.
  var header: SegmentHeader
  /// Segments with batches in them, oldest first.
  var sealed: [SealedSegment] = []
  /// Segments without any, which may go once the next one stands.
  var empty: [UInt64] = []

  init(_ directory: JournalDirectory, logger: Logger) throws(JournalError) {
    header = SegmentHeader(
      journal: UInt64.random(in: 1...UInt64.max), number: 1, recordsBefore: 0, marks: [:])
    var known = false
    for number in try directory.segments() {
      let bytes = try directory.read(number)
      header.number = number + 1
      guard let contents = SegmentContents(bytes.span) else {
        // Files get their name when their header is whole, so this is a damaged disk.
        logger.error(
          "A journal segment cannot be read; its batches are lost. It is kept in 'refused'.",
          metadata: ["segment": "\(directory.path(of: number))"])
        try directory.setAside(number)
        continue
      }
      if !known { header.journal = contents.header.journal }
      known = true
      take(contents)
      if contents.entries.isEmpty && contents.damagedEntries == 0 {
        empty.append(number)
      } else {
        sealed.append(SealedSegment(number: number, bytes: bytes.count))
      }
    }
  }

  private mutating func take(_ contents: SegmentContents) {
    for (agent, sequence) in contents.header.marks { raise(agent, to: sequence) }
    for entry in contents.entries { raise(entry.agent, to: entry.sequence) }
    let records = contents.entries.reduce(UInt64(0)) { $0 &+ UInt64($1.records) }
    header.recordsBefore = max(
      header.recordsBefore, contents.header.recordsBefore &+ records)
  }

  private mutating func raise(_ agent: UInt16, to sequence: UInt64) {
    header.marks[agent] = max(header.marks[agent] ?? 0, sequence)
  }
}
