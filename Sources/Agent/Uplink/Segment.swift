// SPDX-License-Identifier: Apache-2.0

import Bytes
import Capture
import Glibc
import Wire

/// One file of the spool: a head of 24 bytes, then entries. Integers are little-endian.
///
/// Head: the tag `MFSPOOL1`, then the agent instance's two words. Entry: length of the frame u32,
/// records u32, sequence u64, CRC-32 of those 16 bytes and the frame u32, then the frame.
struct Segment {
  static let tag = Array("MFSPOOL1".utf8)
  static let headBytes = 24
  static let entryHeadBytes = 20

  var path: String
  var bytes: Int
  /// Entries that wait to be acknowledged.
  var live = 0

  static func head(_ identity: AgentIdentity) -> [UInt8] {
    tag + little(identity.instanceHigh) + little(identity.instanceLow)
  }

  static func entry(_ frame: [UInt8], sequence: UInt64, records: UInt32) -> [UInt8] {
    var entry = little(UInt32(frame.count)) + little(records) + little(sequence)
    entry.reserveCapacity(entryHeadBytes + frame.count)
    entry += little(CRC32.checksum(frame.span, after: CRC32.checksum(entry.span)))
    entry += frame
    return entry
  }

  /// One entry as found in a file.
  struct Found {
    var sequence: UInt64
    var records: UInt32
    /// Of the frame, in the file.
    var offset: Int
    var length: Int
  }

  /// What a file holds, and the records that its damaged entries held (1 where that is not known).
  static func scan(
    _ bytes: [UInt8], identity: AgentIdentity
  ) -> (entries: [Found], damaged: UInt64) {
    guard !bytes.isEmpty else { return ([], 0) }
    guard bytes.count >= headBytes, bytes[..<headBytes] == head(identity)[...] else {
      return ([], 1)
    }
    var entries: [Found] = []
    var damaged: UInt64 = 0
    var offset = headBytes
    while offset < bytes.count {
      guard bytes.count - offset >= entryHeadBytes else { return (entries, damaged + 1) }
      let length = Int(word(bytes, offset, UInt32.self))
      let records = word(bytes, offset + 4, UInt32.self)
      let start = offset + entryHeadBytes
      // A length that leads out of the file is no place to go on from.
      guard length <= WireLimits.frameBytes + 4, start + length <= bytes.count else {
        return (entries, damaged + 1)
      }
      let head = CRC32.checksum(bytes.span.clipped(from: offset, to: offset + 16))
      let check = CRC32.checksum(
        bytes.span.clipped(from: start, to: start + length), after: head)
      if check == word(bytes, offset + 16, UInt32.self) {
        entries.append(
          Found(
            sequence: word(bytes, offset + 8, UInt64.self), records: records, offset: start,
            length: length))
      } else {
        damaged += records > 0 && records <= 2 * UInt32(WireLimits.rows) ? UInt64(records) : 1
      }
      offset = start + length
    }
    return (entries, damaged)
  }

  /// The instance in a file's head; nil when it is none of ours.
  static func instance(_ bytes: [UInt8]) -> (high: UInt64, low: UInt64)? {
    guard bytes.count >= headBytes, bytes[..<8] == tag[...] else { return nil }
    return (word(bytes, 8, UInt64.self), word(bytes, 16, UInt64.self))
  }

  private static func little<T: FixedWidthInteger & UnsignedInteger>(_ value: T) -> [UInt8] {
    (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) }
  }

  private static func word<T: FixedWidthInteger & UnsignedInteger>(
    _ bytes: [UInt8], _ offset: Int, _: T.Type
  ) -> T {
    (0..<MemoryLayout<T>.size).reduce(0) { $0 | T(bytes[offset + $1]) << T($1 * 8) }
  }
}
