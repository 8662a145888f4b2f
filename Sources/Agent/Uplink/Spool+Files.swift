// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Wire

/// The files that batches lie in.
extension Spool {
  func appendToFile(
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

  func startSegment(at sequence: UInt64) throws(SystemError) {
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

  func frame(_ entry: Entry) -> [UInt8]? {
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

  func dropOldestSegment() -> [Dropped] {
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

  func boundMemory() -> [Dropped] {
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

  /// Gives back files without live batches. The one being written stays while it is small, so that
  /// a fast server does not cost a new file per batch.
  func compact() {
    if head > 1_024 || head == entries.count {
      entries.removeFirst(head)
      head = 0
    }
    dropEmptySegments()
    if segments.count == 1, segments[0].live == 0, segments[0].bytes > segmentBytes / 4 {
      removeFirstSegment()
    }
  }

  func dropEmptySegments() {
    while segments.count > 1, segments[0].live == 0 { removeFirstSegment() }
  }

  func removeFirstSegment() {
    if segments.count == 1, current >= 0 {
      close(current)
      current = -1
    }
    unsafe _ = unlink(segments[0].path)
    bytes -= segments[0].bytes
    segments.removeFirst()
    firstSegment += 1
  }
}
