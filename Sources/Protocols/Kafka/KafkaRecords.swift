// SPDX-License-Identifier: Apache-2.0

/// Counts the records of what is produced or fetched, by the heads of their batches; of the first record
/// the headers of a trace are read, no other is looked into. Formats: https://kafka.apache.org/documentation/#messageformat.
struct KafkaRecords {
  private(set) var count: UInt32 = 0
  /// The number that the first record of those that were added last has in its partition.
  private(set) var firstOffset: Int64?
  /// Whether those that were seen are all there are.
  private(set) var isWhole = true
  var trace = TraceHeaders()
  private var isBegun = false

  /// Bytes before a batch's length ends; the length counts what is behind it.
  private static let front = 12
  /// Where batches and messages say of which format they are.
  private static let magic = 16
  private static let batchHead = 61

  /// Adds what is in `length` bytes from `start` on, in view or not.
  mutating func add(_ length: Int, from start: Int, in bytes: Span<UInt8>) {
    firstOffset = nil
    var cursor = start
    let end = start + max(0, length)
    while cursor < end {
      // The broker may cut the last batch: such a one is read again with the next request.
      guard end - cursor > Self.magic else { return }
      guard cursor + Self.magic < bytes.count else { return isWhole = false }
      let size = Int(bytes.bigEndian32(at: cursor + 8)) + Self.front
      guard size > Self.magic, size <= end - cursor else {
        if size <= Self.magic { isWhole = false }
        return
      }
      switch bytes[cursor + Self.magic] {
      case 2: addBatch(bytes, at: cursor, size)
      case 0, 1: addMessage(bytes, at: cursor)
      default: return isWhole = false
      }
      cursor += size
    }
  }

  private mutating func addBatch(_ bytes: Span<UInt8>, at start: Int, _ size: Int) {
    guard size >= Self.batchHead, start + Self.batchHead <= bytes.count else {
      return isWhole = false
    }
    // What ends a transaction is nobody's record.
    if bytes[start + 22] & 0x20 != 0 { return }
    noteOffset(bytes, at: start)
    let records = bytes.bigEndian32(at: start + 57)
    guard records <= UInt32(Int32.max) else { return isWhole = false }
    count = UInt32(clamping: UInt64(count) + UInt64(records))
    if !isBegun, bytes[start + 22] & 7 == 0 {
      readHeaders(from: start + Self.batchHead, to: start + size, in: bytes)
    }
    isBegun = true
  }

  /// One message of the older formats. A compressed one holds others, nobody says how many.
  private mutating func addMessage(_ bytes: Span<UInt8>, at start: Int) {
    guard start + 17 < bytes.count, bytes[start + 17] & 7 == 0 else { return isWhole = false }
    noteOffset(bytes, at: start)
    count &+= 1
  }

  private mutating func noteOffset(_ bytes: Span<UInt8>, at start: Int) {
    guard firstOffset == nil else { return }
    let high = UInt64(bytes.bigEndian32(at: start))
    firstOffset = Int64(bitPattern: high << 32 | UInt64(bytes.bigEndian32(at: start + 4)))
  }
}
