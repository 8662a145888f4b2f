// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A segment file's content: every entry that can be read, and what could not.
struct SegmentContents: Sendable {
  var header: SegmentHeader
  /// Whether the file's own header could be read.
  var hasSoundHeader: Bool
  var entries: [JournalEntry] = []
  /// Bytes behind the last entry that are not one: the write that a crash cut off, or damage.
  var tornBytes = 0
  /// Stretches of bytes between sound entries that are none: one entry each, or more.
  var damagedEntries = 0

  /// Reads a whole file; nil when its header is damaged.
  ///
  /// A damaged byte costs the entry that it is in, whatever it says: what follows is found by its
  /// checksum.
  init?(_ bytes: Span<UInt8>) {
    var reader = ByteReader(bytes)
    guard let header = SegmentHeader(&reader, of: bytes) else { return nil }
    self.header = header
    hasSoundHeader = true
    readEntries(bytes, from: reader.offset, header.layout)
  }

  /// Reads a whole file; `fallback` stands in for a damaged header, which costs no entry.
  init(_ bytes: Span<UInt8>, fallback: SegmentHeader) {
    if let sound = SegmentContents(bytes) {
      self = sound
      return
    }
    header = fallback
    hasSoundHeader = false
    let found = Self.likelyLayout(of: bytes) ?? (.senders, 0)
    readEntries(bytes, from: found.first, found.layout)
  }

  private mutating func readEntries(
    _ bytes: Span<UInt8>, from start: Int, _ layout: EntryLayout
  ) {
    var offset = start
    while offset < bytes.count {
      if let entry = layout.entry(in: bytes, at: offset) {
        offset += layout.headSize + entry.payload.count
        entries.append(entry)
      } else if let next = Self.firstEntry(in: bytes, from: offset + 1, layout) {
        damagedEntries += 1
        offset = next
      } else {
        tornBytes = bytes.count - offset
        return
      }
    }
  }

  /// Where the first sound entry at or behind `start` is.
  private static func firstEntry(
    in bytes: Span<UInt8>, from start: Int, _ layout: EntryLayout
  ) -> Int? {
    var offset = start
    while offset + layout.headSize <= bytes.count {
      if layout.isPlausible(bytes, at: offset), layout.entry(in: bytes, at: offset) != nil {
        return offset
      }
      offset += 1
    }
    return nil
  }

  /// Which layout has an entry nearest to the front of a file whose header does not tell.
  private static func likelyLayout(of bytes: Span<UInt8>) -> (layout: EntryLayout, first: Int)? {
    var best: (layout: EntryLayout, first: Int)?
    for layout in EntryLayout.allCases {
      guard let first = firstEntry(in: bytes, from: 0, layout), first < best?.first ?? .max else {
        continue
      }
      best = (layout, first)
    }
    return best
  }
}
