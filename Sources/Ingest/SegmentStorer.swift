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
  static let chunkTextBytes = 64 << 20

  let journal: Journal
  let catalog: Catalog
  private let resources: ResourceBook
  private let tags: TagTables
  let inserter: RowInserter
  let ledger: IngestLedger
  let logger: Logger
  private let configuration: IngestConfiguration
  let now: @Sendable () -> Timestamp
  private let release: SegmentRelease
  private var giving: GivingWay
  private var reader = BodyReader()
  var rows: RowBuilder
  private static let noRows = RowBuilder()
  /// Kept for their room.
  private var batches: [RecordBatch] = []
  private var agents: [UInt16] = []
  /// What became of the records of this chunk up to the store.
  private var account = Tally()

  package init(
    journal: Journal, catalog: Catalog, resources: ResourceBook = ResourceBook(),
    storage: any StorageBackend, ledger: IngestLedger, logger: Logger,
    configuration: IngestConfiguration, now: @escaping @Sendable () -> Timestamp
  ) {
    self.journal = journal
    self.catalog = catalog
    self.resources = resources
    tags = TagTables(catalog: catalog, storage: storage, logger: logger)
    inserter = RowInserter(
      storage: storage, ledger: ledger, logger: logger, configuration: configuration)
    self.ledger = ledger
    self.logger = logger
    self.configuration = configuration
    self.now = now
    release = SegmentRelease(
      journal: journal, storage: storage, logger: logger, seconds: configuration.checkpointSeconds)
    giving = GivingWay(journal: journal, ledger: ledger, isOn: configuration.givesWay)
    rows = RowBuilder(server: configuration.serverID, retention: configuration.retention)
  }

  /// Stores segments as they come, until the journal is stopped or the task cancelled. A segment that
  /// was not stored when that happens waits for the next start.
  package mutating func run() async {
    let releasing = Task { [release] in await release.run() }
    await storeRefused()
    // Those that the disk did not give back when it was their turn.
    var unread: [SealedSegment] = []
    for await segment in journal.sealed {
      giving.begin()
      var left: [SealedSegment] = []
      for old in unread where await !store(old, attempts: 1) { left.append(old) }
      if await !store(segment, attempts: configuration.storeRefusals) { left.append(segment) }
      unread = left
      if Task.isCancelled { break }
      await giving.rest(after: segment.sealed)
    }
    releasing.cancel()
    await releasing.value
    // An insert that was given up may still come to its end in the store.
    if await release.releaseAll(), !Task.isCancelled { journal.settle() }
  }

  /// Stores one segment, however long the store makes it wait. False when it cannot be read, as while
  /// too many files are open; it should be tried again.
  private mutating func store(_ segment: SealedSegment, attempts: Int) async -> Bool {
    var wait = 0.25
    for attempt in 1...max(1, attempts) where !Task.isCancelled {
      do throws(JournalError) {
        let contents = try journal.read(segment)
        if contents.lostRecords > 0 {
          logger.error(
            "Acknowledged records cannot be read back from the journal and are lost.",
            metadata: ["segment": "\(segment.number)", "records": "\(contents.lostRecords)"])
        }
        await store(contents, segment)
        return true
      } catch {
        logger.error(
          "A journal segment cannot be read; it is tried again.",
          metadata: ["segment": "\(segment.number)", "error": "\(error)"])
        if attempt < attempts { await RowInserter.pause(&wait, configuration) }
      }
    }
    return false
  }

  /// Stores the chunks of a segment. What the store has something against in one of them does not
  /// keep the others from it.
  private mutating func store(_ contents: StoredSegment, _ segment: SealedSegment) async {
    var index = 0
    var chunk = 0
    var recordsBefore = contents.recordsBefore
    var lost = 0
    var reason: StorageError?
    let time = now()
    var refused = RefusedPieces(time: time.nanoseconds, pieces: [])
    repeat {
      var damaged = decode(contents.entries, from: &index)
      if chunk == 0, contents.lostRecords > 0 {
        damaged.received += contents.lostRecords
        damaged.drop(.journalCorrupt, count: contents.lostRecords)
      }
      guard await reserve() else { return }
      let received = fill(recordsBefore, damaged, at: time)
      recordsBefore &+= received
      guard await commit() else { return }
      switch await insert(segment, chunk) {
      case .stored: break
      case .cancelled: return
      case .lost(let loss):
        lost += loss.rows
        reason = loss.error
        refused.pieces += loss.pieces.map { String($0.dropFirst(prefix(segment.number).count)) }
      }
      chunk += 1
    } while index < contents.entries.count
    guard let reason else {
      release.add(segment)
      return ledger.count { $0.segments += 1 }
    }
    release.add(segment, setAside: refused)
    ledger.count { $0.segmentsSetAside += 1 }
    logger.error(
      "The store does not take some rows of a segment, which waits in the journal's 'refused' for the next start.",
      metadata: ["segment": "\(segment.number)", "rows": "\(lost)", "error": "\(reason)"])
  }

  /// Reads entries into ``batches`` until the chunk is full. Counts those that cannot be read, which
  /// is a fault of ours: they could when they were accepted.
  mutating func decode(_ entries: [JournalEntry], from index: inout Int) -> Tally {
    var tally = Tally()
    var count = 0
    var records = 0
    var text = 0
    agents.removeAll(keepingCapacity: true)
    let names = ProtocolNames(catalog.snapshot)
    while index < entries.count, records < configuration.chunkRecords, text < Self.chunkTextBytes {
      let entry = entries[index]
      index += 1
      if count == batches.count { batches.append(RecordBatch()) }
      do throws(FormatError) {
        try reader.read(entry, names: names, into: &batches[count])
        records += batches[count].recordCount
        text += batches[count].text.count
        agents.append(entry.sender.agent)
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
  mutating func fill(
    _ recordsBefore: UInt64, _ damaged: Tally, at time: Timestamp
  ) -> UInt64 {
    rows.removeAll(recordsBefore: recordsBefore)
    var built = rows
    // Not held twice while it is filled, or its columns would be copied.
    rows = Self.noRows
    let (batches, agents, catalog) = (batches, agents, catalog)
    let second = max(time, now()).storedSeconds
    resources.lend { who, tellers in
      built.exchange(&who)
      catalog.withState { state in
        state.begin(second: second)
        state.forgetEnded(before: time.storedSeconds)
        for (scope, teller) in tellers { state.learn(cluster: scope, from: teller.agent) }
        for (batch, agent) in zip(batches, agents) {
          built.learn(batch, agent: agent, now: time, state: &state)
        }
        for (batch, agent) in zip(batches, agents) {
          built.append(batch, agent: agent, now: time, state: &state)
        }
        var used = built.takeUsed()
        state.noteUse(&used, second: second)
      }
      built.exchange(&who)
      catalog.withState { state in
        state.learnEnds(of: &who)
        state.learnChanges(of: &who) { $0.encoded }
      }
    }
    rows = built
    account = rows.tally
    account.add(damaged)
    return rows.tally.received
  }

  /// Leases the numbers that the batches may need.
  func reserve() async -> Bool {
    let (catalog, batches, agents) = (catalog, batches, agents)
    let ofResources = resources.needs(records: batches.reduce(0) { $0 + $1.recordCount })
    let count = catalog.withState { state in
      zip(batches, agents).reduce(ofResources) { sum, entry in
        sum
          + state.needs(
            processes: entry.0.processes.count, hosts: entry.0.host == nil ? 0 : 1,
            agent: entry.1)
      }
    }
    return await patiently("The catalog has no new numbers; rows wait in the journal.") {
      () throws(CatalogError) in try catalog.reserve(count)
    }
  }

  /// Writes down new names before rows that carry their numbers are stored: in the catalog's file,
  /// then in the store's own tables.
  func commit() async -> Bool {
    let (catalog, tags) = (catalog, tags)
    guard
      await patiently(
        "The catalog cannot be written; rows wait in the journal.",
        { () throws(CatalogError) in try catalog.commit() })
    else { return false }
    let fresh = catalog.withState { $0.takeUnstored() }
    guard !fresh.isEmpty else { return true }
    return await patiently("Names cannot be stored; rows wait in the journal.") {
      () async throws(TagError) in try await tags.store(fresh)
    }
  }

  /// Does something until it succeeds; false when the task is cancelled first.
  private func patiently<Failure: Error>(
    _ complaint: Logger.Message, _ body: () async throws(Failure) -> Void
  ) async -> Bool {
    var wait = 0.25
    while !Task.isCancelled {
      do throws(Failure) {
        try await body()
        ledger.count { $0.storeFault = nil }
        return true
      } catch {
        ledger.count { $0.storeFault = "\(complaint) \(error)" }
        logger.error(complaint, metadata: ["error": "\(error)"])
        await RowInserter.pause(&wait, configuration)
      }
    }
    return false
  }

  /// How the tokens of a segment's inserts begin.
  func prefix(_ segment: UInt64) -> String {
    "segment-\(String(journal.identity, radix: 16))-\(segment)."
  }

  /// Inserts the rows of a chunk, and last what became of them.
  private mutating func insert(_ segment: SealedSegment, _ chunk: Int) async -> RowInserter.Outcome
  {
    let prefix = prefix(segment.number) + "\(chunk)-"
    var store = Tally()
    store.received = account.passed
    var outcome = RowInserter.Outcome.stored
    for batch in rows.batches {
      let its = await inserter.insert(batch, token: prefix + batch.table.qualifiedName)
      if case .cancelled = its { return .cancelled }
      if case .lost(let loss) = its, RowBuilder.holdsRecords(batch.table) {
        store.drop(.storeRefused, count: UInt64(loss.rows))
      }
      outcome.add(its)
    }
    store.passed = store.received &- store.droppedTotal
    let (account, time) = (account, now())
    var ingest = account
    ingest.add(ledger.takeRefused())
    rows.append(ingest, stage: .ingest, time: time)
    rows.append(store, stage: .store, time: time)
    if let batch = rows.ledger {
      let its = await inserter.insert(batch, token: prefix + batch.table.qualifiedName)
      if case .cancelled = its { return .cancelled }
      outcome.add(its)
    }
    ledger.count { [store] statistics in
      statistics.ingest.add(account)
      statistics.store.add(store)
    }
    return outcome
  }
}
