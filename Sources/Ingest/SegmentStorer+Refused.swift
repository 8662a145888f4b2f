// SPDX-License-Identifier: Apache-2.0

import Logging
import Storage
import Telemetry

/// What an earlier run could not store.
extension SegmentStorer {
  /// Asks the store once for each of the rows that it refused before: whatever it had against them
  /// may be mended. What it takes is no longer missing, what it refuses again stays where it is.
  mutating func storeRefused() async {
    for entry in journal.refused.entries() where !Task.isCancelled {
      do throws(JournalError) {
        let bytes = try journal.refused.read(entry.number)
        let header = SegmentHeader(
          journal: journal.identity, number: entry.number, recordsBefore: 0, marks: [:])
        let contents = StoredSegment(
          SegmentContents(bytes.span, fallback: header), expected: nil)
        let (stored, left) = await store(contents, entry)
        guard stored > 0 || left.isEmpty else { continue }
        logger.notice(
          "The store took rows that it had refused before.",
          metadata: ["segment": "\(entry.number)", "rows": "\(stored)", "left": "\(left.count)"])
        if left.isEmpty {
          journal.refused.remove(entry.number)
        } else {
          try journal.refused.write(
            RefusedPieces(time: entry.pieces.time, pieces: left), of: entry.number)
        }
      } catch {
        logger.error(
          "A segment that was refused cannot be tried again.",
          metadata: ["segment": "\(entry.number)", "error": "\(error)"])
      }
    }
  }

  /// Stores the pieces of a segment that are missing; how many rows that were, and what is left.
  private mutating func store(
    _ contents: StoredSegment, _ entry: RefusedFolder.Entry
  ) async -> (stored: Int, left: [String]) {
    var wanted = entry.pieces.pieces
    var stored = 0
    var index = 0
    var chunk = 0
    var recordsBefore = contents.recordsBefore
    repeat {
      let damaged = decode(contents.entries, from: &index)
      guard await reserve() else { return (stored, wanted) }
      recordsBefore &+= fill(
        recordsBefore, damaged, at: Timestamp(nanoseconds: entry.pieces.time))
      guard await commit() else { return (stored, wanted) }
      for batch in rows.batches {
        let pieces = wanted.compactMap(RefusedPieces.Piece.init).filter {
          $0.chunk == chunk && $0.table == batch.table.qualifiedName
        }
        for piece in pieces {
          let part = batch.rows(piece.range(of: batch.rows))
          if let error = await inserter.ask(part, token: prefix(entry.number) + piece.name) {
            // A store that is away is asked when the next rows come, not for each of these.
            if error.isWorthWaiting || Task.isCancelled { return (stored, wanted) }
            continue
          }
          wanted.removeAll { $0 == piece.name }
          stored += part.rows
        }
      }
      chunk += 1
    } while index < contents.entries.count
    await account(stored)
    return (stored, wanted)
  }

  /// Tells the ledger of rows that came later: they were counted as lost before.
  private mutating func account(_ stored: Int) async {
    guard stored > 0 else { return }
    var tally = Tally()
    tally.received = UInt64(stored)
    tally.passed = UInt64(stored)
    rows.removeAll(recordsBefore: 0)
    let time = now()
    rows.append(tally, stage: .store, time: time)
    guard let batch = rows.ledger else { return }
    _ = await inserter.insert(
      batch, token: prefix(0) + "refused-\(time.nanoseconds)-" + batch.table.qualifiedName)
    ledger.count { [tally] in $0.store.add(tally) }
  }
}
