// SPDX-License-Identifier: Apache-2.0

import Bytes
import Wire

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
    readEntries(bytes, from: reader.offset)
  }

  /// Reads a whole file; `fallback` stands in for a damaged header, which costs no entry.
  init(_ bytes: Span<UInt8>, fallback: SegmentHeader) {
    if let sound = SegmentContents(bytes) {
      self = sound
      return
    }
    header = fallback
    hasSoundHeader = false
    readEntries(bytes, from: Self.firstEntry(in: bytes, from: 0) ?? 0)
  }

  private mutating func readEntries(_ bytes: Span<UInt8>, from start: Int) {
    var offset = start
    while offset < bytes.count {
      if let entry = Self.entry(in: bytes, at: offset) {
        offset += JournalEntry.headSize + entry.payload.count
        entries.append(entry)
      } else if let next = Self.firstEntry(in: bytes, from: offset + 1) {
        damagedEntries += 1
        offset = next
      } else {
        tornBytes = bytes.count - offset
        return
      }
    }
  }

  /// Where the first sound entry at or behind `start` is.
  private static func firstEntry(in bytes: Span<UInt8>, from start: Int) -> Int? {
    var offset = start
    while offset + JournalEntry.headSize <= bytes.count {
      if isPlausible(bytes, at: offset), entry(in: bytes, at: offset) != nil { return offset }
      offset += 1
    }
    return nil
  }

  /// Whether an entry's head may stand here, by what costs no checksum: its length (the high byte of
  /// which is 0), the encoding and the byte that is always 0.
  private static func isPlausible(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
    bytes[offset + 3] == 0 && bytes[offset + 10] <= 1 && bytes[offset + 11] == 0
      && (bytes[offset + 8] != 0 || bytes[offset + 9] != 0)
  }

  /// The entry that begins at `offset`; nil when there is none that is whole and sound.
  private static func entry(in bytes: Span<UInt8>, at offset: Int) -> JournalEntry? {
    var reader = ByteReader(bytes.extracting(droppingFirst: offset))
    do throws(EndOfBytes) {
      let length = Int(try reader.readLittleEndian(UInt32.self))
      let check = try reader.readLittleEndian(UInt32.self)
      let head = try reader.read(count: JournalEntry.headSize - 8)
      guard length <= WireLimits.frameBytes else { return nil }
      let payload = try reader.read(count: length)
      guard CRC32.checksum(payload, after: CRC32.checksum(head)) == check else { return nil }
      var fields = ByteReader(head)
      let agent = try fields.readLittleEndian(UInt16.self)
      guard let encoding = FrameHead.Encoding(rawValue: try fields.read(UInt8.self)) else {
        return nil
      }
      try fields.skip(1)
      return JournalEntry(
        agent: agent, sequence: try fields.readLittleEndian(UInt64.self),
        records: try fields.readLittleEndian(UInt32.self), encoding: encoding,
        payload: unsafe payload.withUnsafeBufferPointer { unsafe Array($0) })
    } catch {
      return nil
    }
  }
}
