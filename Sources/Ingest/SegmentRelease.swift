// SPDX-License-Identifier: Apache-2.0

import Logging
import Storage
import Synchronization

/// Deletes segments when the store has their rows on the disk.
///
/// Rows that were inserted are with the kernel: safe from the death of a process, not from a power
/// cut. One checkpoint makes many segments' rows durable, and nobody waits for it but the deletion.
final class SegmentRelease: Sendable {
  private let journal: Journal
  private let storage: any StorageBackend
  private let logger: Logger
  private let seconds: Double
  private let stored = Mutex<[(segment: SealedSegment, refused: RefusedPieces?)]>([])
  private let additions: AsyncStream<Void>
  private let addition: AsyncStream<Void>.Continuation

  /// - Parameter seconds: Between two checkpoints, at least.
  init(journal: Journal, storage: any StorageBackend, logger: Logger, seconds: Double) {
    self.journal = journal
    self.storage = storage
    self.logger = logger
    self.seconds = seconds
    (additions, addition) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Takes over a segment whose rows the store took; or took but for some, and then it is not deleted
  /// but set aside.
  func add(_ segment: SealedSegment, setAside refused: RefusedPieces? = nil) {
    stored.withLock { $0.append((segment, refused)) }
    addition.yield()
  }

  /// Deletes what may go, from time to time, until the task is cancelled.
  func run() async {
    for await _ in additions {
      if await !releaseAll() { addition.yield() }
      // Cancellation ends the wait, and then the loop.
      try? await Task.sleep(for: .seconds(seconds))
    }
  }

  /// Deletes every segment that was added. False when the store, or the journal, could not: what is
  /// left is tried again, at the latest by the next start.
  func releaseAll() async -> Bool {
    let segments = stored.withLock { $0 }
    do {
      try await storage.checkpoint()
      for (segment, refused) in segments {
        if let refused {
          try journal.setAside(segment, refused)
        } else {
          try journal.delete(segment)
        }
      }
    } catch {
      logger.warning(
        "Segments that are stored stay in the journal for now.",
        metadata: ["segments": "\(segments.count)", "error": "\(error)"])
      return false
    }
    stored.withLock { $0.removeFirst(segments.count) }
    return true
  }
}
