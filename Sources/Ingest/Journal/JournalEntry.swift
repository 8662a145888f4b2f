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

  /// CRC-32 of the payload: with the sequence it tells this batch from any other.
  var checksum: UInt32 { CRC32.checksum(payload.span) }

  var mark: AgentMark { AgentMark(sequence: sequence, checksum: checksum) }

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
