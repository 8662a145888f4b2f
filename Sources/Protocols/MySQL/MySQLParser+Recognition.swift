// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension MySQLParser {
  package static func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    guard bytes.count >= 4 else { return bytes.count == 3 && bytes[2] > 0x40 ? .no : .undecided }
    let length = bytes.littleEndian24(at: 0)
    let sequence = bytes[3]
    guard length > 0 else { return .no }
    // Servers read the header alone before the rest.
    if bytes.count == 4 { return sequence <= 1 && length < 1 << 20 ? .undecided : .no }
    if sequence == 0 {
      if context.side != .client, bytes[4] == 10 { return greeting(bytes, length) }
      if context.side != .server { return command(bytes, length, context) }
    }
    if sequence == 1 {
      if context.side != .server, length >= 32, isLogin(bytes, length) {
        return .yes(sentBy: .client)
      }
      // An answer seen first: the client's next command will tell.
      if context.side != .client { return length < 1 << 20 ? .undecided : .no }
    }
    return .no
  }

  private static func greeting(_ bytes: Span<UInt8>, _ length: Int) -> Recognition {
    guard length >= 32, length < 512, bytes.count <= 4 + length else { return .no }
    var index = 5
    while index < bytes.count, bytes[index] != 0 {
      guard bytes[index] >= 0x20, bytes[index] < 0x7f, index < 5 + 100 else { return .no }
      index += 1
    }
    guard index + 13 < bytes.count else { return .undecided }
    // The thread's id and eight bytes of the challenge, then a zero.
    return index > 5 && bytes[index + 13] == 0 ? .yes(sentBy: .server) : .no
  }

  /// Protocol 4.1, a character set and the filler of zeros (MariaDB puts flags into its end).
  private static func isLogin(_ bytes: Span<UInt8>, _ length: Int) -> Bool {
    guard bytes.count >= 36, length < 1 << 16, bytes.count <= 4 + length else { return false }
    guard bytes.littleEndian32(at: 4) & protocol41 != 0 else { return false }
    for index in 13..<32 where bytes[index] != 0 { return false }
    return true
  }

  private static func command(
    _ bytes: Span<UInt8>, _ length: Int, _ context: RecognitionContext
  ) -> Recognition {
    let body = bytes.extracting(5..<max(5, min(bytes.count, 4 + length)))
    let command = MySQLCommand(rawValue: bytes[4])
    let isExact = bytes.count == 4 + length || (context.isTruncated && bytes.count < 4 + length)
    switch command {
    case .query, .statementPrepare:
      let start = command == .query ? textStart(body) : 0
      let text = body.extracting(start..<body.count)
      // Attributes with values are skipped by guess; in bytes of who knows whom that guess finds
      // statements that are none.
      guard bytes.count <= 4 + length, start <= 2 else { return .no }
      switch SQLText.beginsStatement(text, dialect: .mySQL) {
      case true?: return isExact ? .yes(sentBy: .client) : .undecided
      case false?: break
      case nil: return bytes.count < 4 + length && body.count < 16 ? .undecided : .no
      }
    case .statementExecute:
      // The id, no more than a flag, and the count of executions, which is always 1.
      guard length >= 10 else { break }
      guard bytes.count >= 14 else { return .undecided }
      let isOne = bytes.littleEndian32(at: 10) == 1
      return isExact && isOne && bytes[9] <= 0x0f ? .yes(sentBy: .client) : .no
    case .ping where length == 1 && bytes.count == 5:
      let isUsualPort = descriptor.defaultPorts.contains(context.serverPort)
      return isUsualPort ? .yes(sentBy: .client) : .undecided
    default: break
    }
    return isCompressedQuery(bytes) && isExactFrame(bytes) ? .yes(sentBy: .client) : .no
  }

  private static func isExactFrame(_ bytes: Span<UInt8>) -> Bool {
    bytes.littleEndian24(at: 0) + 7 == bytes.count
  }

  /// Whether these bytes are a frame of the compressed protocol that holds a command as it is.
  static func isCompressedQuery(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 12, bytes[3] == 0, bytes.littleEndian24(at: 4) == 0,
      bytes.littleEndian24(at: 7) + 4 == bytes.littleEndian24(at: 0), bytes[10] == 0,
      bytes[11] == MySQLCommand.query.rawValue || bytes[11] == 0x16
    else { return false }
    let text = bytes.extracting(12..<bytes.count)
    return SQLText.beginsStatement(text, dialect: .mySQL) == true
  }
}
