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

  /// - Parameter machineDied: The machine went down with the store at work. The store may then
  ///   remember inserts whose rows it lost, so they are made anew, in the name of a new journal.
  init(
    _ directory: JournalDirectory, machineDied: Bool, logger: Logger
  ) throws(JournalError) {
    let newName = UInt64.random(in: 1...UInt64.max)
    header = SegmentHeader(journal: newName, number: 1, recordsBefore: 0, marks: [:])
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
      // The name of the last start is the one that inserts were made in.
      if !machineDied { header.journal = contents.header.journal }
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
