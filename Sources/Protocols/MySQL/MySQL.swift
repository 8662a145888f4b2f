// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The client/server protocol of MySQL and MariaDB.
package struct MySQL: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 60), name: "MySQL", pairing: .order,
    defaultPorts: [3306], answers: .results, readsTornAnswers: true, sureness: 200)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { MySQLParser() }

  /// The number of the packet, behind its length: the first of the connection, of a command or of an
  /// answer.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0, 1]), at: 3)
  }

  package func recognize(
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
      if context.side != .client, bytes[4] == 0xff { return refusal(bytes, length) }
      if context.side != .server { return commands(bytes, context) }
    }
    if sequence == 1 {
      if context.side != .server, length >= 32, isLogin(bytes, length) {
        return .yes(sentBy: .client)
      }
      if context.side != .client, length < 1 << 20 { return answer(bytes) }
    }
    return .no
  }

  private func greeting(_ bytes: Span<UInt8>, _ length: Int) -> Recognition {
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

  /// An error in place of the greeting: a code of the server's, and a text.
  private func refusal(_ bytes: Span<UInt8>, _ length: Int) -> Recognition {
    guard length >= 12, length < 600, bytes.count <= 4 + length else { return .no }
    guard bytes.count >= 7 else { return .undecided }
    guard (1_000..<5_000).contains(bytes.littleEndian16(at: 5)) else { return .no }
    for index in 7..<bytes.count where bytes[index] < 0x20 { return .no }
    return bytes.count < 4 + length ? .undecided : .yes(sentBy: .server)
  }

  /// Protocol 4.1, a character set and the filler of zeros (MariaDB puts flags into its end).
  private func isLogin(_ bytes: Span<UInt8>, _ length: Int) -> Bool {
    guard bytes.count >= 36, length < 1 << 16, bytes.count <= 4 + length else { return false }
    guard bytes.littleEndian32(at: 4) & MySQLParser.protocol41 != 0 else { return false }
    for index in 13..<32 where bytes[index] != 0 { return false }
    return true
  }

  /// What one packet of the client's says of the conversation, and where the next one begins.
  private enum Command {
    case none
    case needMore
    case possible(end: Int)
    case sure(end: Int)
  }

  /// Commands, one behind the other, of which one must say what it is: others, such as a lone ping,
  /// could be anything.
  private func commands(_ bytes: Span<UInt8>, _ context: RecognitionContext) -> Recognition {
    var index = 0
    var isSure = false
    reading: while index < bytes.count {
      switch command(bytes.extracting(droppingFirst: index), context) {
      case .none:
        guard index == 0, Self.isCompressedQuery(bytes), isExactFrame(bytes) else { return .no }
        return .yes(sentBy: .client)
      case .needMore:
        return .undecided
      case .possible(let end):
        index += end
      case .sure(let end):
        isSure = true
        index += end
      }
    }
    guard isSure else { return .undecided }
    return index == bytes.count || context.isTruncated ? .yes(sentBy: .client) : .undecided
  }

  private func command(_ bytes: Span<UInt8>, _ context: RecognitionContext) -> Command {
    guard bytes.count >= 5 else { return .needMore }
    let length = bytes.littleEndian24(at: 0)
    let end = 4 + length
    let command = MySQLCommand(rawValue: bytes[4])
    guard bytes[3] == 0, length > 0, command.isRecognised, command.allows(length: length) else {
      return .none
    }
    let body = bytes.clipped(from: 5, to: max(5, min(bytes.count, end)))
    switch command {
    case .query, .statementPrepare:
      let start = command == .query ? MySQLParser.textStart(body) : 0
      switch SQLText.beginsStatement(body.clipped(from: start, to: body.count), dialect: .mySQL) {
      case true?: return .sure(end: end)
      case false?: return isText(body, end == bytes.count, context) ? .sure(end: end) : .none
      case nil:
        if bytes.count < end { return body.count < 16 ? .needMore : .none }
        return isText(body, end == bytes.count, context) ? .sure(end: end) : .none
      }
    case .statementExecute:
      // The id, no more than a flag, and the count of executions, which is always 1.
      guard bytes.count >= 14 else { return .needMore }
      return bytes.littleEndian32(at: 10) == 1 && bytes[9] <= 0x0f ? .sure(end: end) : .none
    case .initDB:
      for index in body.indices where body[index] < 0x20 { return .none }
      return .possible(end: end)
    case .ping where descriptor.defaultPorts.contains(context.serverPort):
      return .sure(end: end)
    default:
      return .possible(end: end)
    }
  }

  /// Whether a query that no statement begins like may be one all the same, for the server to refuse:
  /// a line of text on the usual port.
  private func isText(
    _ body: Span<UInt8>, _ isWhole: Bool, _ context: RecognitionContext
  ) -> Bool {
    guard isWhole, body.count > 1, descriptor.defaultPorts.contains(context.serverPort) else {
      return false
    }
    for index in body.indices {
      let byte = body[index]
      guard byte >= 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d else { return false }
    }
    return true
  }

  /// An answer seen first, whose packets are numbered: the client's next command will tell.
  private func answer(_ bytes: Span<UInt8>) -> Recognition {
    var index = 0
    var sequence: UInt8 = 1
    while index + 4 <= bytes.count {
      // Each answer begins at 1.
      guard bytes[index + 3] == sequence || bytes[index + 3] == 1 else { return .no }
      sequence = bytes[index + 3] &+ 1
      index += 4 + bytes.littleEndian24(at: index)
    }
    return .undecided
  }

  private func isExactFrame(_ bytes: Span<UInt8>) -> Bool {
    bytes.littleEndian24(at: 0) + 7 == bytes.count
  }

  /// Whether these bytes are a frame of the compressed protocol that holds a command as it is.
  static func isCompressedQuery(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 12, bytes[3] == 0, bytes.littleEndian24(at: 4) == 0,
      bytes.littleEndian24(at: 7) + 4 == bytes.littleEndian24(at: 0), bytes[10] == 0,
      bytes[11] == MySQLCommand.query.rawValue || bytes[11] == 0x16
    else { return false }
    let text = bytes.clipped(from: 12, to: bytes.count)
    return SQLText.beginsStatement(text, dialect: .mySQL) == true
  }
}
