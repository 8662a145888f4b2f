// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The end of an answer, found at the end of bytes that begin somewhere in it: messages, one behind the
/// other, of which the last is ReadyForQuery.
enum PostgreSQLTail {
  /// Bytes that are looked at.
  private static let reach = 2_048
  private static let readyLength = 6

  /// What the messages tell that can be read; nil when these bytes do not end with ReadyForQuery, or
  /// nothing in front of it says how the statement ended.
  static func outcome(_ bytes: Span<UInt8>) -> PostgreSQLOutcome? {
    let ready = bytes.count - readyLength
    guard ready > 0, bytes[ready] == 0x5a, bytes.bigEndian32(at: ready + 1) == 5 else { return nil }
    for start in max(0, bytes.count - reach)..<ready where isChain(bytes, from: start, to: ready) {
      var outcome = PostgreSQLOutcome(PostgreSQLParser.Note(isSimple: true))
      if outcome.readTail(bytes, from: start) { return outcome }
    }
    return nil
  }

  /// Whether messages that begin at `start` end at `end`.
  private static func isChain(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
    var index = start
    while index < end {
      guard PostgreSQLParser.isBackendType(bytes[index]), index + 5 <= end else { return false }
      let size = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard size >= 5, size <= end - index else { return false }
      index += size
    }
    return true
  }
}
