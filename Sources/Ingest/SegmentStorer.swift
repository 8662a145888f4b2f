// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Logging
package import Storage
package import Telemetry
import Wire

/// Takes segments from the journal to the store: decodes, enriches, inserts, and lets them go.
///
/// A segment is cut into chunks by what is in it, so a segment that is read again after a crash gives
/// the same chunks under the same insert tokens, and the store keeps each of them once.
package struct SegmentStorer: ~Copyable {
  /// Bounds of a chunk: what a hostile segment may make us hold at once.
  static let chunkRecords = 131_072
  static let chunkTextBytes = 64 << 20

  private let journal: Journal
  private let catalog: Catalog
  private let storage: any StorageBackend
  private let ledger: IngestLedger
  private let logger: Logger
  private let configuration: IngestConfiguration
  private let now: @Sendable () -> Timestamp
  private let release: SegmentRelease
  private var opener = FrameOpener()
  private var rows: RowBuilder
  private static let noRows = RowBuilder()
  /// Kept for their room.
  private var batches: [RecordBatch] = []
  private var agents: [UInt16] = []
  /// What became of the records of this chunk up to the store.
  private var account = Tally()

  package init(
    journal: Journal, catalog: Catalog, storage: any StorageBackend, ledger: IngestLedger,
    logger: Logger, configuration: IngestConfiguration, now: @escaping @Sendable () -> Timestamp
  ) {
    self.journal = journal
    self.catalog = catalog
    self.storage = storage
    self.ledger = ledger
    self.logger = logger
    self.configuration = configuration
    self.now = now
    release = SegmentRelease(
      journal: journal, storage: storage, logger: logger, seconds: configuration.checkpointSeconds)
    rows = RowBuilder(server: configuration.serverID)
  }

  /// Stores segments as they come, until the journal is stopped or the task cancelled. A segment that
  /// was not stored when that happens waits for the next start.
  package mutating func run() async {
    let releasing = Task { [release] in await release.run() }
    for await segment in journal.sealed {
      guard !Task.isCancelled else { break }
      await store(segment)
    }
    releasing.cancel()
    await releasing.value
    // An insert that was given up may still come to its end in the store.
    if await release.releaseAll(), !Task.isCancelled { journal.settle() }
  }

  /// Stores one segment, however long the store makes it wait.
  private mutating func store(_ segment: SealedSegment) async {
    do {
      let contents = try journal.read(segment)
      if contents.lostRecords > 0 {
        logger.error(
          "Acknowledged records cannot be read back from the journal and are lost.",
          metadata: ["segment": "\(segment.number)", "records": "\(contents.lostRecords)"])
      }
      if try await store(contents, segment) {
        release.add(segment)
        ledger.count { $0.segments += 1 }
      }
    } catch {
      logger.error(
        "A journal segment cannot be read or set aside; it is tried again at the next start.",
        metadata: ["segment": "\(segment.number)", "error": "\(error)"])
    }
  }

  /// False when the segment must stay, or was set aside.
  private mutating func store(
    _ contents: StoredSegment, _ segment: SealedSegment
  ) async throws(JournalError) -> Bool {
    var index = 0
    var chunk = 0
    var recordsBefore = contents.recordsBefore
    repeat {
      var damaged = decode(contents.entries, from: &index)
      if chunk == 0, contents.lostRecords > 0 {
        damaged.received += contents.lostRecords
        damaged.drop(.journalCorrupt, count: contents.lostRecords)
      }
      let received = fill(recordsBefore, damaged)
      recordsBefore &+= received
      guard await commit() else { return false }
      guard try await insert(segment, chunk) else { return false }
      chunk += 1
    } while index < contents.entries.count
    return true
  }

  /// Reads entries into ``batches`` until the chunk is full. Counts those that cannot be read, which
  /// is a fault of ours: they could when they were accepted.
  private mutating func decode(_ entries: [JournalEntry], from index: inout Int) -> Tally {
    var tally = Tally()
    var count = 0
    var records = 0
    var text = 0
    agents.removeAll(keepingCapacity: true)
    while index < entries.count, records < Self.chunkRecords, text < Self.chunkTextBytes {
      let entry = entries[index]
      index += 1
      if count == batches.count { batches.append(RecordBatch()) }
      do throws(WireError) {
        _ = try opener.open(entry.frame, into: &batches[count])
        records += batches[count].recordCount
        text += batches[count].text.count
        agents.append(entry.agent)
        count += 1
      } catch {
        tally.received += UInt64(entry.records)
        tally.drop(.journalCorrupt, count: UInt64(entry.records))
      }
    }
    batches.removeLast(batches.count - count)
    return tally
  }

  /// Fills the rows; returns how many records came in.
  private mutating func fill(_ recordsBefore: UInt64, _ damaged: Tally) -> UInt64 {
    let time = now()
    rows.removeAll(recordsBefore: recordsBefore)
    var built = rows
    // Not held twice while it is filled, or its columns would be copied.
    rows = Self.noRows
    let (batches, agents) = (batches, agents)
    catalog.withState { state in
      state.forgetEnded(before: time.storedSeconds)
      for (batch, agent) in zip(batches, agents) {
        built.learn(batch, agent: agent, now: time, state: &state)
      }
      for (batch, agent) in zip(batches, agents) {
        built.append(batch, agent: agent, now: time, state: state)
      }
    }
    rows = built
    account = rows.tally
    account.add(damaged)
    var ingest = account
    ingest.add(ledger.takeRefused())
    var store = Tally()
    store.received = rows.tally.passed
    store.passed = rows.tally.passed
    rows.append(ingest, stage: .ingest, time: time)
    rows.append(store, stage: .store, time: time)
    return rows.tally.received
  }

  /// Writes down new names before rows that carry their numbers are stored.
  private func commit() async -> Bool {
    var wait = 0.25
    while !Task.isCancelled {
      do throws(CatalogError) {
        try catalog.commit()
        ledger.count { $0.storeFault = nil }
        return true
      } catch {
        ledger.count { $0.storeFault = "The catalog cannot be written: \(error)" }
        logger.error(
          "The catalog cannot be written; rows wait in the journal.",
          metadata: ["error": "\(error)"])
        await pause(&wait)
      }
    }
    return false
  }

  private func insert(_ segment: SealedSegment, _ chunk: Int) async throws(JournalError) -> Bool {
    let prefix = "segment-\(String(journal.identity, radix: 16))-\(segment.number).\(chunk)-"
    for batch in rows.batches {
      guard try await insert(batch, prefix + batch.table.qualifiedName, segment) else {
        return false
      }
    }
    let account = account
    ledger.count { statistics in
      statistics.ingest.add(account)
      statistics.store.received &+= account.passed
      statistics.store.passed &+= account.passed
    }
    return true
  }

  /// Inserts until the store takes the rows. A store that is away is waited for; one that answers no
  /// is asked a few times more, and then the segment is set aside.
  private func insert(
    _ batch: ColumnBatch, _ token: String, _ segment: SealedSegment
  ) async throws(JournalError) -> Bool {
    var wait = 0.25
    var refusals = 0
    while !Task.isCancelled {
      do throws(StorageError) {
        try await storage.insert(batch, token: token)
        ledger.count { $0.storeFault = nil }
        return true
      } catch {
        ledger.count { statistics in
          statistics.storeFailures += 1
          statistics.storeFault = error.description
        }
        if case .refused = error { refusals += 1 }
        logger.warning(
          "The store did not take rows; they wait in the journal.",
          metadata: [
            "table": "\(batch.table.qualifiedName)", "rows": "\(batch.rows)", "error": "\(error)",
          ])
        if refusals >= configuration.storeRefusals {
          try setAside(segment, error)
          return false
        }
        await pause(&wait)
      }
    }
    return false
  }

  private func setAside(
    _ segment: SealedSegment, _ error: StorageError
  ) throws(JournalError) {
    try journal.setAside(segment)
    let account = account
    let lost = account.passed
    ledger.count { statistics in
      statistics.segmentsSetAside += 1
      statistics.storeFault = nil
      statistics.ingest.add(account)
      statistics.store.received &+= lost
      statistics.store.drop(.storeRefused, count: lost)
    }
    logger.error(
      "The store refuses a segment; it was moved to 'refused' in the journal's directory.",
      metadata: ["segment": "\(segment.number)", "rows": "\(lost)", "error": "\(error)"])
  }

  private func pause(_ wait: inout Double) async {
    // Cancellation ends the wait, and is looked at by the caller.
    try? await Task.sleep(for: .seconds(wait))
    wait = min(wait * 2, configuration.storeRetrySeconds)
  }
}
