// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What stands at the front of a segment file.
struct SegmentHeader: Hashable, Sendable {
  static let magic: UInt64 = 0x3330_4c4e_524a_464d  // "MFJRNL03"
  /// The layout that knew agents only; still read.
  static let secondMagic: UInt64 = 0x3230_4c4e_524a_464d  // "MFJRNL02"
  /// The first layout, which kept no checksums of batches either; still read.
  static let firstMagic: UInt64 = 0x3130_4c4e_524a_464d  // "MFJRNL01"

  /// How the entries behind it are laid out.
  var layout = EntryLayout.senders
  /// Drawn when the journal was made, so that the insert tokens of two journals never meet.
  var journal: UInt64
  /// From 1, one more than the segment before.
  var number: UInt64
  /// Records in all segments before: where this one's row numbers begin.
  var recordsBefore: UInt64
  /// The last batch of every sender that counts, in the segments before.
  var marks: [Sender: AgentMark]

  init(journal: UInt64, number: UInt64, recordsBefore: UInt64, marks: [Sender: AgentMark]) {
    self.journal = journal
    self.number = number
    self.recordsBefore = recordsBefore
    self.marks = marks
  }

  var bytes: [UInt8] {
    var body = LittleEndianWriter(capacity: 40 + marks.count * 18)
    body.append(Self.magic)
    body.append(journal)
    body.append(number)
    body.append(recordsBefore)
    body.append(UInt32(marks.count))
    for (sender, mark) in marks.sorted(by: { $0.key < $1.key }) {
      body.append(sender.number)
      body.append(sender.kind.rawValue)
      body.append(mark.sequence)
      body.append(UInt8(mark.checksum == nil ? 0 : 1))
      body.append(mark.checksum ?? 0)
    }
    let check = CRC32.checksum(body.bytes.span)
    body.append(check)
    return Array(body.bytes)
  }

  /// Reads a header from the front of `reader`; nil when it is not whole and sound.
  init?(_ reader: inout ByteReader, of bytes: Span<UInt8>) {
    do throws(EndOfBytes) {
      let magic = try reader.readLittleEndian(UInt64.self)
      guard [Self.magic, Self.secondMagic, Self.firstMagic].contains(magic) else { return nil }
      layout = magic == Self.magic ? .senders : .agents
      journal = try reader.readLittleEndian()
      number = try reader.readLittleEndian()
      recordsBefore = try reader.readLittleEndian()
      let count = Int(try reader.readLittleEndian(UInt32.self))
      // Marks that the file cannot hold would be read until it ends.
      guard count <= bytes.count / 10 else { return nil }
      marks = [:]
      for _ in 0..<count {
        guard let sender = try layout.sender(&reader) else { return nil }
        var mark = AgentMark(sequence: try reader.readLittleEndian(UInt64.self))
        if magic != Self.firstMagic {
          let isKnown = try reader.read(UInt8.self) != 0
          let checksum = try reader.readLittleEndian(UInt32.self)
          mark.checksum = isKnown ? checksum : nil
        }
        marks[sender] = mark
      }
      let check = CRC32.checksum(bytes.extracting(first: reader.offset))
      guard try reader.readLittleEndian(UInt32.self) == check else { return nil }
    } catch {
      return nil
    }
  }
}

extension EntryLayout {
  /// The sender of a mark; nil for a kind that there is not.
  fileprivate func sender(_ reader: inout ByteReader) throws(EndOfBytes) -> Sender? {
    guard self == .senders else { return .agent(try reader.readLittleEndian(UInt16.self)) }
    let number = try reader.readLittleEndian(UInt32.self)
    return Sender.Kind(rawValue: try reader.read(UInt8.self)).map { Sender($0, number) }
  }
}
