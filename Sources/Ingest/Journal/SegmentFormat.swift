// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Wire

/// One accepted batch, as it stands in the journal. The layout is in docs/formats/journal.md.
package struct JournalEntry: Hashable, Sendable {
  /// The number that the catalog gave the agent.
  package var agent: UInt16
  package var sequence: UInt64
  /// Records that the sender says are inside; for counting what cannot be read any more.
  package var records: UInt32
  package var encoding: FrameHead.Encoding
  /// The batch frame's payload as it was received.
  package var payload: [UInt8]

  package init(
    agent: UInt16, sequence: UInt64, records: UInt32, encoding: FrameHead.Encoding,
    payload: [UInt8]
  ) {
    self.agent = agent
    self.sequence = sequence
    self.records = records
    self.encoding = encoding
    self.payload = payload
  }

  /// The frame that the entry was made of.
  package var frame: EncodedFrame {
    EncodedFrame(
      head: FrameHead(type: .batch, encoding: encoding, payloadBytes: payload.count),
      payload: payload)
  }

  /// Bytes in front of the payload.
  static let headSize = 24

  func write(to writer: inout LittleEndianWriter) {
    var head = LittleEndianWriter(capacity: 16)
    head.append(agent)
    head.append(encoding.rawValue)
    head.append(0 as UInt8)
    head.append(sequence)
    head.append(records)
    let check = CRC32.checksum(payload.span, after: CRC32.checksum(head.bytes.span))
    writer.append(UInt32(payload.count))
    writer.append(check)
    writer.append(head)
    writer.append(payload.span)
  }
}

/// What stands at the front of a segment file.
struct SegmentHeader: Hashable, Sendable {
  static let magic: UInt64 = 0x3130_4c4e_524a_464d  // "MFJRNL01"

  /// Drawn when the journal was made, so that the insert tokens of two journals never meet.
  var journal: UInt64
  /// From 1, one more than the segment before.
  var number: UInt64
  /// Records in all segments before: where this one's row numbers begin.
  var recordsBefore: UInt64
  /// The last sequence of every agent in the segments before.
  var marks: [UInt16: UInt64]

  var bytes: [UInt8] {
    var body = LittleEndianWriter(capacity: 32 + marks.count * 10)
    body.append(Self.magic)
    body.append(journal)
    body.append(number)
    body.append(recordsBefore)
    body.append(UInt32(marks.count))
    for (agent, sequence) in marks.sorted(by: { $0.key < $1.key }) {
      body.append(agent)
      body.append(sequence)
    }
    let check = CRC32.checksum(body.bytes.span)
    body.append(check)
    return Array(body.bytes)
  }

  /// Reads a header from the front of `reader`; nil when it is not whole and sound.
  init?(_ reader: inout ByteReader, of bytes: Span<UInt8>) {
    do throws(EndOfBytes) {
      guard try reader.readLittleEndian(UInt64.self) == Self.magic else { return nil }
      journal = try reader.readLittleEndian()
      number = try reader.readLittleEndian()
      recordsBefore = try reader.readLittleEndian()
      let count = Int(try reader.readLittleEndian(UInt32.self))
      guard count <= Int(UInt16.max) + 1 else { return nil }
      marks = [:]
      for _ in 0..<count {
        let agent = try reader.readLittleEndian(UInt16.self)
        marks[agent] = try reader.readLittleEndian(UInt64.self)
      }
      let check = CRC32.checksum(bytes.extracting(first: reader.offset))
      guard try reader.readLittleEndian(UInt32.self) == check else { return nil }
    } catch {
      return nil
    }
  }

  init(journal: UInt64, number: UInt64, recordsBefore: UInt64, marks: [UInt16: UInt64]) {
    self.journal = journal
    self.number = number
    self.recordsBefore = recordsBefore
    self.marks = marks
  }
}

/// A segment file's content: every entry that can be read, and what could not.
struct SegmentContents: Sendable {
  var header: SegmentHeader
  var entries: [JournalEntry] = []
  /// Bytes behind the last entry that are not one: the write that a crash cut off.
  var tornBytes = 0
  /// Entries with a wrong checksum that stood before sound ones.
  var damagedEntries = 0

  /// Reads a whole file; nil when its header is damaged.
  init?(_ bytes: Span<UInt8>) {
    var reader = ByteReader(bytes)
    guard let header = SegmentHeader(&reader, of: bytes) else { return nil }
    self.header = header
    var suspects = 0
    while reader.remaining > 0 {
      let left = reader.remaining
      switch Self.next(&reader) {
      case .whole(let entry):
        damagedEntries += suspects
        suspects = 0
        tornBytes = 0
        entries.append(entry)
      case .damaged:
        // The length led to a place inside the file; if a sound entry stands there it was right.
        suspects += 1
        tornBytes += left - reader.remaining
      case .torn:
        tornBytes += left
        return
      }
    }
  }

  private enum Step {
    case whole(JournalEntry)
    case damaged
    case torn
  }

  private static func next(_ reader: inout ByteReader) -> Step {
    do throws(EndOfBytes) {
      let length = Int(try reader.readLittleEndian(UInt32.self))
      let check = try reader.readLittleEndian(UInt32.self)
      let head = try reader.read(count: JournalEntry.headSize - 8)
      guard length <= WireLimits.frameBytes else { return .torn }
      let payload = try reader.read(count: length)
      guard CRC32.checksum(payload, after: CRC32.checksum(head)) == check else { return .damaged }
      var fields = ByteReader(head)
      let agent = try fields.readLittleEndian(UInt16.self)
      let encoding = FrameHead.Encoding(rawValue: try fields.read(UInt8.self))
      try fields.skip(1)
      let sequence = try fields.readLittleEndian(UInt64.self)
      let records = try fields.readLittleEndian(UInt32.self)
      guard let encoding else { return .damaged }
      return .whole(
        JournalEntry(
          agent: agent, sequence: sequence, records: records, encoding: encoding,
          payload: unsafe payload.withUnsafeBufferPointer { unsafe Array($0) }))
    } catch {
      return .torn
    }
  }
}
