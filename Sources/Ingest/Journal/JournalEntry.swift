// SPDX-License-Identifier: Apache-2.0

import Bytes

/// One accepted body, as it stands in the journal. The layout is in docs/formats/journal.md.
package struct JournalEntry: Hashable, Sendable {
  package var sender: Sender
  /// Of an agent's batch, from 1; 0 of a body whose sender does not count, which is stored each time
  /// that it comes.
  package var sequence: UInt64
  /// Records that are inside; for counting what cannot be read any more.
  package var records: UInt32
  package var format: FormatNumber
  package var encoding: BodyEncoding
  /// The body as it was received.
  package var payload: [UInt8]

  package init(
    sender: Sender, sequence: UInt64, records: UInt32, format: FormatNumber = .agentBatch,
    encoding: BodyEncoding, payload: [UInt8]
  ) {
    self.sender = sender
    self.sequence = sequence
    self.records = records
    self.format = format
    self.encoding = encoding
    self.payload = payload
  }

  /// CRC-32 of the payload: with the sequence it tells this batch from any other.
  var checksum: UInt32 { CRC32.checksum(payload.span) }

  var mark: AgentMark { AgentMark(sequence: sequence, checksum: checksum) }

  /// Bytes in front of the payload.
  static let headSize = 28

  func write(to writer: inout LittleEndianWriter) {
    var head = LittleEndianWriter(capacity: 20)
    head.append(sender.number)
    head.append(sender.kind.rawValue)
    head.append(format.rawValue)
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

/// How entries were laid out by the versions of the journal.
enum EntryLayout: Hashable, Sendable, CaseIterable {
  /// Agents' batches only.
  case agents
  /// Bodies of any format and sender.
  case senders

  var headSize: Int { self == .senders ? JournalEntry.headSize : 24 }

  /// Whether the head of an entry may stand at `offset`, by what costs no checksum: its length (the
  /// high byte of which is 0), the kinds that there are and the byte that is always 0.
  func isPlausible(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
    guard bytes[offset + 3] == 0 else { return false }
    switch self {
    case .agents:
      return bytes[offset + 10] <= 1 && bytes[offset + 11] == 0
        && (bytes[offset + 8] != 0 || bytes[offset + 9] != 0)
    case .senders:
      return bytes[offset + 12] <= 1 && bytes[offset + 14] <= 2 && bytes[offset + 15] == 0
        && (8..<12).contains { bytes[offset + $0] != 0 }
    }
  }

  /// The entry that begins at `offset`; nil when there is none that is whole and sound.
  func entry(in bytes: Span<UInt8>, at offset: Int) -> JournalEntry? {
    var reader = ByteReader(bytes.extracting(droppingFirst: offset))
    do throws(EndOfBytes) {
      let length = Int(try reader.readLittleEndian(UInt32.self))
      let check = try reader.readLittleEndian(UInt32.self)
      let head = try reader.read(count: headSize - 8)
      guard length <= JournalLimits.bodyBytes else { return nil }
      let payload = try reader.read(count: length)
      guard CRC32.checksum(payload, after: CRC32.checksum(head)) == check else { return nil }
      var fields = ByteReader(head)
      guard var entry = try self.head(&fields) else { return nil }
      entry.payload = unsafe payload.withUnsafeBufferPointer { unsafe Array($0) }
      return entry
    } catch {
      return nil
    }
  }

  /// Reads what stands in front of a payload; nil when it has numbers that nobody writes.
  private func head(_ fields: inout ByteReader) throws(EndOfBytes) -> JournalEntry? {
    var sender = Sender.agent(0)
    var format = FormatNumber.agentBatch
    switch self {
    case .agents: sender = .agent(try fields.readLittleEndian(UInt16.self))
    case .senders:
      let number = try fields.readLittleEndian(UInt32.self)
      guard let kind = Sender.Kind(rawValue: try fields.read(UInt8.self)) else { return nil }
      sender = Sender(kind, number)
      format = FormatNumber(rawValue: try fields.read(UInt8.self))
    }
    guard let encoding = BodyEncoding(rawValue: try fields.read(UInt8.self)) else { return nil }
    try fields.skip(1)
    return JournalEntry(
      sender: sender, sequence: try fields.readLittleEndian(UInt64.self),
      records: try fields.readLittleEndian(UInt32.self), format: format, encoding: encoding,
      payload: [])
  }
}
