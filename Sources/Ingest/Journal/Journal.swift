// SPDX-License-Identifier: Apache-2.0

import Bytes
import Dispatch
import Foundation
package import Logging
import Synchronization

/// A segment that is complete and waits for the store.
package struct SealedSegment: Hashable, Sendable {
  package var number: UInt64
  /// Bytes of its file.
  package var bytes: Int
  /// Records in the segments before it, for the case that its own header cannot be read.
  package var recordsBefore: UInt64 = 0
  /// Records that were written to it; nil when only it itself could say.
  package var records: UInt64?
  /// When it was, or, of one that a dead server left, when it was found.
  package var sealed = ContinuousClock.now
}

/// The write-ahead log between the agents and the store.
///
/// A body is acknowledged when it is here. Segments are handed out one by one in ``sealed`` and
/// deleted when the store has their rows on the disk; those that a dead server left come first. The
/// sequence numbers of every agent go from segment header to segment header, so a batch that is
/// sent again is known as long as the directory lives.
///
/// One thread writes. When the disk refuses, nothing is acknowledged and nothing dropped: the queue
/// fills up, ``hasRoom`` turns false and the senders are not read from until there is space again.
package final class Journal: Sendable {
  /// Called on the journal's thread when the body, and every one of its sender before it, is durable;
  /// with nil when the journal was stopped before it was.
  package typealias Completion = @Sendable (_ through: UInt64?) -> Void

  struct Waiting: Sendable {
    /// Nil for a batch that came a second time while the first was still on its way.
    var entry: JournalEntry?
    var sender: Sender
    var completion: Completion
  }

  struct Shared {
    var queue: [Waiting] = []
    var queuedBytes = 0
    /// The last batches of each sender that were taken into the queue, and the last that is durable.
    var queued: [Sender: RecentBatches] = [:]
    var durable: [Sender: AgentMark] = [:]
    /// Bytes of the segments that were sealed and are not deleted yet.
    var sealedBytes: [UInt64: Int] = [:]
    var roomWaiters: [@Sendable () -> Void] = []
    var isStopping = false
    var fault: JournalError?

    /// What a body is; one that is new is remembered.
    mutating func judge(_ entry: JournalEntry, _ checksum: UInt32) -> RecentBatches.Judgement {
      guard entry.sequence > 0 else { return .new }
      let judgement = queued[entry.sender, default: RecentBatches()]
        .judge(entry.sequence, checksum: checksum)
      if judgement == .new {
        queued[entry.sender, default: RecentBatches()].take(entry.sequence, checksum: checksum)
      }
      return judgement
    }
  }

  /// Segments in the order of their numbers, oldest first. For one consumer.
  package let sealed: AsyncStream<SealedSegment>
  /// Names this journal in insert tokens.
  package let identity: UInt64
  let continuation: AsyncStream<SealedSegment>.Continuation
  let directory: JournalDirectory
  let limits: JournalLimits
  let logger: Logger
  let shared: Mutex<Shared>
  let wake = DispatchSemaphore(value: 0)
  private let stopped = DispatchSemaphore(value: 0)
  private let mark: BootMark

  /// Opens the journal in `path`, takes over what is in it, and starts the writing thread.
  ///
  /// - Throws: ``JournalError``; another process that works on the directory is one.
  package convenience init(path: String, limits: JournalLimits = JournalLimits(), logger: Logger)
    throws(JournalError)
  {
    try self.init(path: path, limits: limits, boot: try BootMark.current(), logger: logger)
  }

  /// - Parameter boot: names the time since the machine was started.
  init(path: String, limits: JournalLimits, boot: String, logger: Logger) throws(JournalError) {
    self.limits = limits
    self.logger = logger
    directory = try JournalDirectory(path)
    let lock = try DirectoryLock(path)
    mark = BootMark(directory: path)
    let recovery = try JournalRecovery(
      directory, machineDied: mark.machineDied(since: boot), logger: logger)
    identity = recovery.header.journal
    var shared = Shared()
    shared.queued = recovery.header.marks.mapValues { RecentBatches($0) }
    shared.durable = recovery.header.marks
    for segment in recovery.sealed { shared.sealedBytes[segment.number] = segment.bytes }
    self.shared = Mutex(shared)
    (sealed, continuation) = AsyncStream.makeStream(of: SealedSegment.self)
    let file = try JournalFile(
      creating: directory.path(of: recovery.header.number), content: recovery.header.bytes)
    // Only now: a start that is cut short before must come to the same answer again.
    try mark.write(boot)
    for number in recovery.empty { try directory.delete(number) }
    for segment in recovery.sealed { continuation.yield(segment) }
    start(JournalWriter(file: file, header: recovery.header, lock: lock))
  }

  private func start(_ writer: consuming JournalWriter) {
    let box = Mutex<JournalWriter?>(writer)
    let thread = Thread { [self] in
      if let writer = box.withLock({ $0.take() }) { write(with: writer) }
      continuation.finish()
      stopped.signal()
    }
    thread.name = "journal"
    thread.start()
  }

  /// Runs until the journal is stopped. The file and the lock are given back before it returns.
  private func write(with writer: consuming JournalWriter) {
    while writer.step(self) {}
  }

  /// The last durable batch of `agent`; its sequence is 0 when there is none.
  package func mark(of agent: UInt16) -> AgentMark {
    shared.withLock { $0.durable[.agent(agent)] ?? AgentMark() }
  }

  /// Whether senders may go on: neither the queue nor the wait for the store is too long.
  package var hasRoom: Bool { shared.withLock { hasRoom($0) } }

  /// Why nothing is acknowledged at the moment; nil when all is well.
  package var fault: JournalError? { shared.withLock { $0.fault } }

  /// Batches' bytes that wait to be written, and segments' bytes that wait for the store.
  package var backlog: (queued: Int, sealed: Int) {
    shared.withLock { ($0.queuedBytes, $0.sealedBytes.values.reduce(0, +)) }
  }

  /// Whether what waits for the store may wait a little longer: most of the room is free, and nobody
  /// stops.
  var mayWait: Bool {
    shared.withLock { shared in
      !shared.isStopping
        && shared.sealedBytes.values.reduce(0, +) < limits.storedBytes / 4
    }
  }

  func hasRoom(_ shared: borrowing Shared) -> Bool {
    shared.queuedBytes < limits.queueBytes && shared.queue.count < 65_536
      && shared.sealedBytes.values.reduce(0, +) < limits.storedBytes
  }

  /// What became of a batch that was submitted.
  package enum Submission: Hashable, Sendable {
    /// It is new and will be written.
    case accepted
    /// The batch came before.
    case repeated
    /// Its sequence belongs to another batch, so two agents use one identity; nothing will be called.
    case foreign
    /// Its sequence is too far ahead of the agent's last to be true; nothing will be called.
    case tooFarAhead
    /// The journal has been stopped; nothing will be called.
    case stopped
  }

  /// Takes in a body, however full the queue is: ask ``hasRoom`` before reading the next.
  ///
  /// A batch that is already here is not stored again, but completes like any other. A body without a
  /// sequence is always new.
  package func submit(_ entry: JournalEntry, completion: @escaping Completion) -> Submission {
    let checksum = entry.checksum
    let (result, isFirst) = shared.withLock { shared -> (Submission, Bool) in
      guard !shared.isStopping else { return (.stopped, false) }
      let isNew: Bool
      switch shared.judge(entry, checksum) {
      case .foreign: return (.foreign, false)
      case .tooFarAhead: return (.tooFarAhead, false)
      case .repeated: isNew = false
      case .new: isNew = true
      }
      if isNew { shared.queuedBytes += entry.payload.count }
      shared.queue.append(
        Waiting(entry: isNew ? entry : nil, sender: entry.sender, completion: completion))
      return (isNew ? .accepted : .repeated, shared.queue.count == 1)
    }
    if isFirst { wake.signal() }
    return result
  }

  /// Calls `body` once when ``hasRoom`` is true again, now or on another thread.
  package func whenRoom(_ body: @escaping @Sendable () -> Void) {
    let hasRoomNow = shared.withLock { shared -> Bool in
      if hasRoom(shared) { return true }
      shared.roomWaiters.append(body)
      return false
    }
    if hasRoomNow { body() }
  }

  /// The content of a sealed segment, as much of it as can be read.
  package func read(_ segment: SealedSegment) throws(JournalError) -> StoredSegment {
    let bytes = try directory.read(segment.number)
    let header = SegmentHeader(
      journal: identity, number: segment.number, recordsBefore: segment.recordsBefore, marks: [:])
    return StoredSegment(
      SegmentContents(bytes.span, fallback: header), expected: segment.records)
  }

  /// Remembers that all that the store took is on the disk: should the machine go down now, the next
  /// start may trust in what the store remembers of inserts. Called when the store takes no more.
  func settle() { mark.remove() }

  /// Forgets a segment whose rows are stored.
  package func delete(_ segment: SealedSegment) throws(JournalError) {
    try directory.delete(segment.number)
    release(segment)
  }

  /// Keeps a segment with rows that the store does not take, in the folder `refused`.
  func setAside(_ segment: SealedSegment, _ pieces: RefusedPieces) throws(JournalError) {
    try refused.write(pieces, of: segment.number)
    try directory.setAside(segment.number)
    release(segment)
  }

  /// Segments of which the store took only a part.
  var refused: RefusedFolder { RefusedFolder(directory) }

  private func release(_ segment: SealedSegment) {
    wakeWaiters { $0.sealedBytes[segment.number] = nil }
  }

  /// Changes the shared state and lets those go on who waited for room.
  func wakeWaiters(_ change: (inout Shared) -> Void) {
    let waiters = shared.withLock { shared -> [@Sendable () -> Void] in
      change(&shared)
      guard !shared.roomWaiters.isEmpty, hasRoom(shared) else { return [] }
      defer { shared.roomWaiters = [] }
      return shared.roomWaiters
    }
    for waiter in waiters { waiter() }
  }

  /// Writes what is queued, seals the last segment and ends ``sealed``. Waits for the thread.
  package func stop() {
    let isFirst = shared.withLock { shared in
      defer { shared.isStopping = true }
      return !shared.isStopping
    }
    guard isFirst else { return }
    wake.signal()
    stopped.wait()
  }
}

/// What a sealed segment holds.
package struct StoredSegment: Sendable {
  package var entries: [JournalEntry]
  /// Where the row numbers of its records begin.
  package var recordsBefore: UInt64
  /// Records that were acknowledged and cannot be read back: exact where it is known how many were
  /// written, else one for each damaged stretch.
  package var lostRecords: UInt64

  init(_ contents: SegmentContents, expected: UInt64?) {
    entries = contents.entries
    recordsBefore = contents.header.recordsBefore
    let read = contents.entries.reduce(UInt64(0)) { $0 &+ UInt64($1.records) }
    lostRecords =
      expected.map { $0 > read ? $0 - read : 0 } ?? UInt64(clamping: contents.damagedEntries)
  }
}
