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
      var stand = header
      stand.number = number
      let contents = SegmentContents(bytes.span, fallback: stand)
      if !contents.hasSoundHeader {
        // Files get their name when their header is whole, so this is a damaged disk.
        logger.error(
          "The header of a journal segment is damaged; its batches are read without it.",
          metadata: [
            "segment": "\(directory.path(of: number))", "batches": "\(contents.entries.count)",
          ])
      } else if !machineDied {
        // The name of the last start is the one that inserts were made in.
        header.journal = contents.header.journal
      }
      countRecords(through: contents.header.recordsBefore)
      let before = header.recordsBefore
      take(contents)
      if contents.entries.isEmpty, contents.damagedEntries == 0, contents.hasSoundHeader {
        empty.append(number)
      } else {
        sealed.append(
          SealedSegment(number: number, bytes: bytes.count, recordsBefore: before, records: nil))
      }
    }
  }

  /// The segment that follows says how many records were written to the last one.
  private mutating func countRecords(through recordsBefore: UInt64) {
    guard let last = sealed.indices.last, recordsBefore >= sealed[last].recordsBefore else {
      return
    }
    sealed[last].records = recordsBefore - sealed[last].recordsBefore
    header.recordsBefore = max(header.recordsBefore, recordsBefore)
  }

  private mutating func take(_ contents: SegmentContents) {
    for (sender, mark) in contents.header.marks { raise(sender, to: mark) }
    for entry in contents.entries where entry.sequence > 0 { raise(entry.sender, to: entry.mark) }
    let records = contents.entries.reduce(UInt64(0)) { $0 &+ UInt64($1.records) }
    header.recordsBefore = max(
      header.recordsBefore, contents.header.recordsBefore &+ records)
  }

  private mutating func raise(_ sender: Sender, to mark: AgentMark) {
    guard mark.sequence > header.marks[sender]?.sequence ?? 0 else { return }
    header.marks[sender] = mark
  }
}
