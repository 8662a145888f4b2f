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

  private struct Entry {
    enum Place {
      case file(segment: Int, offset: Int, length: Int)
      case memory([UInt8])
    }

    var sequence: UInt64
    var records: UInt32
    var place: Place
  }

  /// Bytes of batches that wait in memory while the disk refuses them.
  private static let memoryLimit = 8 << 20

  private let directory: String
  private let limit: Int
  private let segmentBytes: Int
  private var state: SpoolIdentity
  private let lock: CInt
  /// By the order they were made in; the oldest has number `firstSegment`.
  private var segments: [Segment] = []
  private var firstSegment = 0
  private var current: CInt = -1
  private var entries: [Entry] = []
  private var head = 0
  private var memoryBytes = 0
  private var nextSequence: UInt64

  /// Records whose batches were found damaged when the spool was opened.
  package private(set) var damagedRecords: UInt64 = 0
  /// Bytes of all files.
  package private(set) var bytes = 0

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
  private func reserve() throws(SystemError) {
    var reserved = state
    reserved.ceiling = nextSequence &+ SpoolIdentity.block
    try SpoolFile.replace(directory + "/identity", in: directory, with: reserved.bytes)
    state = reserved
  }

  /// Reads the identity and the files. A lost identity is taken from the files' heads.
  private func recover(machineID: String) throws(SystemError) {
    let stored = try SpoolFile.contents(directory + "/identity", limit: 4_096)
    var known = stored.flatMap { SpoolIdentity($0) }
    let names = try SpoolFile.names(in: directory).filter { $0.hasSuffix(".spool") }
    if known == nil {
      for name in names {
        let bytes = try SpoolFile.contents("\(directory)/\(name)", limit: Segment.headBytes) ?? []
        guard let instance = Segment.instance(bytes) else { continue }
        let agent = AgentIdentity(
          machineID: machineID, instanceHigh: instance.high, instanceLow: instance.low)
        known = SpoolIdentity(agent: agent, ceiling: 0)
        break
      }
    }
    // A copied disk: its batches are the other machine's to deliver.
    if let known, known.agent.machineID == machineID {
      state = known
      nextSequence = max(1, known.ceiling)
    }
    for name in names { try recover(file: "\(directory)/\(name)") }
    entries.sort { $0.sequence < $1.sequence }
    if let last = entries.last { nextSequence = max(nextSequence, last.sequence + 1) }
  }

  private func recover(file path: String) throws(SystemError) {
    let contents = try SpoolFile.contents(path, limit: limit + segmentBytes) ?? []
    let (found, damaged) = Segment.scan(contents, identity: state.agent)
    damagedRecords += damaged
    guard !found.isEmpty else {
      unsafe _ = unlink(path)
      return
    }
    segments.append(Segment(path: path, bytes: contents.count, live: found.count))
    bytes += contents.count
    for entry in found {
      entries.append(
        Entry(
          sequence: entry.sequence, records: entry.records,
          place: .file(
            segment: firstSegment + segments.count - 1, offset: entry.offset,
            length: entry.length)))
    }
  }

  private func appendToFile(
    _ entry: [UInt8], frameBytes: Int, sequence: UInt64, records: UInt32
  ) throws(SystemError) {
    if current < 0 || segments[segments.count - 1].bytes + entry.count > segmentBytes {
      try startSegment(at: sequence)
    }
    let last = segments.count - 1
    let offset = segments[last].bytes
    do {
      try SpoolFile.write(entry, to: current, at: offset)
    } catch {
      _ = ftruncate(current, off_t(offset))
      throw error
    }
    segments[last].bytes += entry.count
    segments[last].live += 1
    bytes += entry.count
    entries.append(
      Entry(
        sequence: sequence, records: records,
        place: .file(
          segment: firstSegment + last, offset: offset + Segment.entryHeadBytes,
          length: frameBytes)))
  }

  private func startSegment(at sequence: UInt64) throws(SystemError) {
    let digits = String(sequence, radix: 16)
    let name = String(repeating: "0", count: 16 - digits.count) + digits
    let path = "\(directory)/\(name).spool"
    let descriptor = try SpoolFile.open(path, O_RDWR | O_CREAT | O_TRUNC)
    do {
      try SpoolFile.write(Segment.head(state.agent), to: descriptor, at: 0)
    } catch {
      close(descriptor)
      unsafe _ = unlink(path)
      throw error
    }
    if current >= 0 { close(current) }
    current = descriptor
    segments.append(Segment(path: path, bytes: Segment.headBytes))
    bytes += Segment.headBytes
    dropEmptySegments()
  }

  private func frame(_ entry: Entry) -> [UInt8]? {
    switch entry.place {
    case .memory(let frame): return frame
    case .file(let segment, let offset, let length):
      let index = segment - firstSegment
      guard segments.indices.contains(index) else { return nil }
      let isCurrent = current >= 0 && index == segments.count - 1
      guard
        let descriptor = isCurrent ? current : try? SpoolFile.open(segments[index].path, O_RDONLY)
      else { return nil }
      defer { if !isCurrent { close(descriptor) } }
      guard let frame = try? SpoolFile.read(descriptor, at: offset, count: length),
        frame.count == length
      else { return nil }
      return frame
    }
  }

  private func dropOldestSegment() -> [Dropped] {
    let number = firstSegment
    var dropped: [Dropped] = []
    var kept: [Entry] = []
    for entry in entries[head...] {
      if case .file(number, _, _) = entry.place {
        dropped.append(Dropped(records: entry.records, frame: frame(entry)))
      } else {
        kept.append(entry)
      }
    }
    entries = kept
    head = 0
    removeFirstSegment()
    return dropped
  }

  private func boundMemory() -> [Dropped] {
    var dropped: [Dropped] = []
    var index = head
    while memoryBytes > Self.memoryLimit, index < entries.count {
      guard case .memory(let frame) = entries[index].place else {
        index += 1
        continue
      }
      dropped.append(Dropped(records: entries[index].records, frame: frame))
      memoryBytes -= frame.count
      entries.remove(at: index)
    }
    return dropped
  }

  private func remove(at index: Int) {
    release(entries[index])
    entries.remove(at: index)
    compact()
  }

  private func release(_ entry: Entry) {
    switch entry.place {
    case .memory(let frame): memoryBytes -= frame.count
    case .file(let segment, _, _):
      let index = segment - firstSegment
      if segments.indices.contains(index) { segments[index].live -= 1 }
    }
  }

  /// Gives back files without live batches. The one being written stays while it is small, so that
  /// a fast server does not cost a new file per batch.
  private func compact() {
    if head > 1_024 || head == entries.count {
      entries.removeFirst(head)
      head = 0
    }
    dropEmptySegments()
    if segments.count == 1, segments[0].live == 0, segments[0].bytes > segmentBytes / 4 {
      removeFirstSegment()
    }
  }

  private func dropEmptySegments() {
    while segments.count > 1, segments[0].live == 0 { removeFirstSegment() }
  }

  private func removeFirstSegment() {
    if segments.count == 1, current >= 0 {
      close(current)
      current = -1
    }
    unsafe _ = unlink(segments[0].path)
    bytes -= segments[0].bytes
    segments.removeFirst()
    firstSegment += 1
  }

  /// Entries are in the order of their sequences.
  private func firstIndex(after sequence: UInt64) -> Int {
    var low = head
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
