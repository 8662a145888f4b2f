// SPDX-License-Identifier: Apache-2.0

import Bytes
import Dispatch
import Foundation
import Logging
import Synchronization

/// The writing thread's own state: the open segment.
struct JournalWriter: ~Copyable {
  private var file: JournalFile
  private var header: SegmentHeader
  private let lock: DirectoryLock
  private var marks: [Sender: AgentMark]
  private var records: UInt64 = 0
  private var firstEntry: DispatchTime?
  private var lastSync = DispatchTime(uptimeNanoseconds: 0)
  private var buffer = LittleEndianWriter()

  init(file: consuming JournalFile, header: SegmentHeader, lock: consuming DirectoryLock) {
    self.file = file
    self.header = header
    self.lock = lock
    marks = header.marks
  }

  /// Waits for batches, writes them, seals the segment when it is due. False when it is over.
  mutating func step(_ journal: Journal) -> Bool {
    _ = journal.wake.wait(timeout: sealTime(journal.limits) ?? .distantFuture)
    gather(journal.limits)
    let (waiting, isStopping) = journal.shared.withLock { shared in
      defer { shared.queue = [] }
      return (shared.queue, shared.isStopping)
    }
    if !waiting.isEmpty {
      guard write(waiting, journal) else { return false }
    }
    if isStopping {
      while firstEntry != nil, !seal(journal) {
        // Left as it is, the segment is taken over by the next start.
        return false
      }
      return false
    }
    if let due = sealTime(journal.limits), due <= .now() { _ = seal(journal) }
    return true
  }

  /// When the open segment is due; nil while it is empty.
  private func sealTime(_ limits: JournalLimits) -> DispatchTime? {
    guard let firstEntry else { return nil }
    let isFull =
      file.length >= limits.segmentBytes || records >= UInt64(limits.segmentRecords)
    return isFull ? .now() : firstEntry + .milliseconds(limits.segmentMilliseconds)
  }

  /// Lets more batches come to share the next wait for the disk.
  private func gather(_ limits: JournalLimits) {
    guard limits.isSynchronous else { return }
    let next = lastSync + .milliseconds(limits.groupMilliseconds)
    let now = DispatchTime.now()
    guard next > now else { return }
    let nanoseconds = next.uptimeNanoseconds - now.uptimeNanoseconds
    Thread.sleep(forTimeInterval: Double(nanoseconds) / 1e9)
  }

  /// Writes the batches and completes them; keeps trying while the disk refuses. False when the
  /// journal was stopped before it succeeded: the senders have no answer and send again.
  private mutating func write(_ waiting: [Journal.Waiting], _ journal: Journal) -> Bool {
    buffer.removeAll()
    var bytes = 0
    for entry in waiting.lazy.compactMap(\.entry) {
      entry.write(to: &buffer)
      bytes += entry.payload.count
      records &+= UInt64(entry.records)
      if entry.sequence > 0 { marks[entry.sender] = entry.mark }
    }
    var wasRefused = false
    while bytes > 0 {
      do throws(JournalError) {
        try append(journal.limits)
        if wasRefused { recovered(journal) }
        break
      } catch {
        refused(error, journal, isNew: !wasRefused)
        wasRefused = true
        if journal.shared.withLock({ $0.isStopping }) {
          for one in waiting { one.completion(nil) }
          return false
        }
        Thread.sleep(forTimeInterval: Double(journal.limits.retryMilliseconds) / 1e3)
      }
    }
    if bytes > 0, firstEntry == nil { firstEntry = .now() }
    let marks = marks
    journal.wakeWaiters { shared in
      shared.queuedBytes -= bytes
      shared.durable = marks
    }
    for one in waiting { one.completion(marks[one.sender]?.sequence ?? 0) }
    return true
  }

  private mutating func append(_ limits: JournalLimits) throws(JournalError) {
    let content = Array(buffer.bytes)
    try file.append(content)
    guard limits.isSynchronous else { return }
    do throws(JournalError) {
      try file.synchronize()
      lastSync = .now()
    } catch {
      // What the kernel could not write it may have dropped; only writing it again helps.
      file.retract(content.count)
      throw error
    }
  }

  private func refused(_ error: JournalError, _ journal: Journal, isNew: Bool) {
    journal.shared.withLock { $0.fault = error }
    guard isNew else { return }
    let advice =
      error.isDiskFull
      ? "The disk is full: agents' batches are not acknowledged, and wait with the agents, until "
        + "there is space."
      : "Agents' batches are not acknowledged until the journal can be written."
    journal.logger.error("\(advice)", metadata: ["error": "\(error)"])
  }

  private func recovered(_ journal: Journal) {
    journal.shared.withLock { $0.fault = nil }
    journal.logger.warning("The journal can be written again.")
  }

  /// Begins the next segment, then hands the open one to the store. The order matters: the marks
  /// must stand in a file that stays before the one that holds them may go.
  private mutating func seal(_ journal: Journal) -> Bool {
    let next = SegmentHeader(
      journal: header.journal, number: header.number + 1,
      recordsBefore: header.recordsBefore &+ records, marks: marks)
    do throws(JournalError) {
      let successor = try JournalFile(
        creating: journal.directory.path(of: next.number), content: next.bytes)
      let done = SealedSegment(
        number: header.number, bytes: file.length, recordsBefore: header.recordsBefore,
        records: records)
      file = successor
      header = next
      records = 0
      firstEntry = nil
      journal.shared.withLock { shared in
        if case .some = shared.fault { shared.fault = nil }
        shared.sealedBytes[done.number] = done.bytes
      }
      journal.continuation.yield(done)
      return true
    } catch {
      let isNew = journal.shared.withLock { $0.fault == nil }
      refused(error, journal, isNew: isNew)
      firstEntry = .now()
      return false
    }
  }
}
