// SPDX-License-Identifier: Apache-2.0

package import Capture
import Glibc
package import Wire

/// Why a spool directory cannot be used, in words for the person who started the agent.
package struct SpoolError: Error, Hashable, CustomStringConvertible {
  package var description: String
}

/// The batches that no server has acknowledged, oldest first, in files that survive the agent.
///
/// Owned by one task. Every batch is appended before it is sent and leaves with its
/// acknowledgement. Bounded: when a batch does not fit, the oldest file goes with all its batches.
/// While the disk refuses writes, batches wait in memory, in a bound of their own.
package final class Spool {
  /// A batch that was given up.
  struct Dropped {
    var records: UInt32
    /// Its frame, for what in it must go on; nil when it could not be read back.
    var frame: [UInt8]?
  }

  struct Entry {
    enum Place {
      case file(segment: Int, offset: Int, length: Int)
      case memory([UInt8])
    }

    var sequence: UInt64
    var records: UInt32
    var place: Place
  }

  /// Bytes of batches that wait in memory while the disk refuses them.
  static let memoryLimit = 8 << 20

  let directory: String
  let limit: Int
  let segmentBytes: Int
  var state: SpoolIdentity
  let lock: CInt
  /// By the order they were made in; the oldest has number `firstSegment`.
  var segments: [Segment] = []
  var firstSegment = 0
  var current: CInt = -1
  var entries: [Entry] = []
  var head = 0
  var memoryBytes = 0
  var nextSequence: UInt64
  /// Whether the identity was read off the batches, because its file was lost: the server may then
  /// rightly know of later batches than we do.
  var isIdentityRecovered = false

  /// Records whose batches were found damaged when the spool was opened.
  package internal(set) var damagedRecords: UInt64 = 0
  /// Bytes of all files.
  package internal(set) var bytes = 0

  package var identity: AgentIdentity { state.agent }
  package var count: Int { entries.count - head }
  /// Whether some of them wait in memory, because the disk refuses them.
  var isInMemory: Bool { memoryBytes > 0 }

  /// Opens a spool directory, makes it where there is none, and takes up what it holds.
  ///
  /// - Throws: when it cannot be written, or another agent uses it.
  package init(directory: String, machineID: String, limit: Int) throws(SpoolError) {
    self.directory = directory
    self.limit = limit
    segmentBytes = max(65_536, min(4 << 20, limit / 8))
    do {
      try SpoolFile.makeDirectory(directory)
      lock = try SpoolFile.open(directory + "/lock", O_RDWR | O_CREAT)
      // A worker that was killed with its supervisor may be a moment behind it.
      var attempts = 0
      while flock(lock, LOCK_EX | LOCK_NB) != 0, attempts < 60 {
        attempts += 1
        usleep(50_000)
      }
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
        close(lock)
        throw SpoolError(
          description: "The spool directory \(directory) is in use by another agent: stop it, or "
            + "give this one a directory of its own with --spool-dir.")
      }
      state = SpoolIdentity(machineID: machineID)
      nextSequence = 1
      try recover(machineID: machineID)
      try reserve()
    } catch let error as SystemError {
      throw SpoolError(
        description: "The spool directory \(directory) cannot be used (\(error)): make it "
          + "writable, or choose another with --spool-dir.")
    } catch let error as SpoolError {
      throw error
    } catch {
      throw SpoolError(description: "The spool directory \(directory) cannot be used: \(error)")
    }
  }

  deinit {
    if current >= 0 { close(current) }
    // Closing alone leaves the lock with a child that was forked and has not reached its exec yet.
    flock(lock, LOCK_UN)
    close(lock)
  }

  /// The number of the next batch; never one that was given out before, restarts included.
  package func takeSequence() throws(SystemError) -> UInt64 {
    if nextSequence >= state.ceiling { try reserve() }
    defer { nextSequence += 1 }
    return nextSequence
  }

  /// Goes on behind `sequence`: the server remembers more than we do.
  package func skip(to sequence: UInt64) {
    if sequence >= nextSequence { nextSequence = sequence &+ 1 }
  }

  /// Adds a batch, and returns those that were given up for it. A disk that refuses it is not an
  /// error: the batch then waits in memory.
  func append(_ frame: [UInt8], sequence: UInt64, records: UInt32) -> [Dropped] {
    let entry = Segment.entry(frame, sequence: sequence, records: records)
    var dropped: [Dropped] = []
    while bytes + entry.count > limit, !segments.isEmpty { dropped += dropOldestSegment() }
    do {
      try appendToFile(entry, frameBytes: frame.count, sequence: sequence, records: records)
    } catch {
      entries.append(Entry(sequence: sequence, records: records, place: .memory(frame)))
      memoryBytes += frame.count
      dropped += boundMemory()
    }
    return dropped
  }

  /// The first batch behind `sequence`, with its frame. Batches that cannot be read back are taken
  /// out and their records added to `damaged`.
  func next(
    after sequence: UInt64, damaged: inout UInt64
  ) -> (sequence: UInt64, frame: [UInt8])? {
    var index = firstIndex(after: sequence)
    while index < entries.count {
      if let frame = frame(entries[index]) { return (entries[index].sequence, frame) }
      damaged += UInt64(entries[index].records)
      remove(at: index)
      index = max(index, head)
    }
    return nil
  }

  /// Forgets every batch up to `sequence`, and returns how many records they held.
  func removeThrough(_ sequence: UInt64) -> UInt64 {
    var records: UInt64 = 0
    while head < entries.count, entries[head].sequence <= sequence {
      records += UInt64(entries[head].records)
      release(entries[head])
      head += 1
    }
    compact()
    return records
  }

  /// Forgets one batch, and returns how many records it held; nil when it is not there.
  func remove(_ sequence: UInt64) -> UInt64? {
    let index = sequence == 0 ? entries.count : firstIndex(after: sequence - 1)
    guard index < entries.count, entries[index].sequence == sequence else { return nil }
    let records = UInt64(entries[index].records)
    remove(at: index)
    return records
  }
}

extension Spool {
  func remove(at index: Int) {
    release(entries[index])
    entries.remove(at: index)
    compact()
  }

  func release(_ entry: Entry) {
    switch entry.place {
    case .memory(let frame): memoryBytes -= frame.count
    case .file(let segment, _, _):
      let index = segment - firstSegment
      if segments.indices.contains(index) { segments[index].live -= 1 }
    }
  }

  /// Entries are in the order of their sequences.
  func firstIndex(after sequence: UInt64) -> Int {
    var low = head
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
