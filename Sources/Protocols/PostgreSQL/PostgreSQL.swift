// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Version 3 of the frontend/backend protocol of PostgreSQL.
package struct PostgreSQL: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 61), name: "PostgreSQL", pairing: .order,
    defaultPorts: [5432], answers: .results, readsTornAnswers: true, sureness: 180)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    PostgreSQLParser()
  }

  /// The type of a message of either side, or the length of the one without, and the first byte of the
  /// longest length that is recognised.
  package func openings(on transport: TransportProtocol) -> Openings {
    let types = ByteSet {
      $0 == 0 || PostgreSQLParser.isFrontendType($0) || PostgreSQLParser.isBackendType($0)
    }
    return Openings().with(types, at: 0).with(ByteSet(0...4), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    if context.side == .server { return answer(bytes) }
    if bytes[0] == 0 { return startup(bytes) }
    guard PostgreSQLParser.isFrontendType(bytes[0]) else {
      return context.side == nil ? answer(bytes) : .no
    }
    return messages(bytes, context)
  }

  private func startup(_ bytes: Span<UInt8>) -> Recognition {
    guard bytes.count >= 8 else {
      return bytes.count < 2 || bytes[1] == 0 ? .undecided : .no
    }
    let length = Int(bytes.bigEndian32(at: 0))
    switch bytes.bigEndian32(at: 4) {
    case PostgreSQLParser.tlsCode, PostgreSQLParser.gssCode:
      return length == 8 ? .yes(sentBy: .client) : .no
    case PostgreSQLParser.cancelCode:
      return length >= 16 && length <= 268 ? .yes(sentBy: .client) : .no
    case let version where version >> 16 == 3 && version & 0xffff < 0x100:
      guard length >= 14, length <= 10_000, length >= bytes.count else { return .no }
      guard bytes.count >= min(length, 13) else { return .undecided }
      let letter = bytes[8] | 0x20
      return letter >= 0x61 && letter <= 0x7a ? .yes(sentBy: .client) : .no
    default: return .no
    }
  }

  /// Longest message that a conversation is recognised by; no text is one with such a length.
  private static let longestRecognised = 1 << 26

  /// The client's messages, one behind the other, of which one must hold a statement, or execute one
  /// that was prepared before we looked.
  private func messages(_ bytes: Span<UInt8>, _ context: RecognitionContext) -> Recognition {
    var index = 0
    var isSure = false
    while index < bytes.count {
      guard PostgreSQLParser.isFrontendType(bytes[index]) else { return .no }
      guard index + 5 <= bytes.count else { break }
      let length = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard length >= 5, length <= Self.longestRecognised else { return .no }
      let end = index + length
      let body = bytes.clipped(from: index + 5, to: max(index + 5, min(end, bytes.count)))
      switch bytes[index] {
      case 0x51:  // Q
        guard let isStatement = isStatement(body, isCut: end > bytes.count) else {
          return .undecided
        }
        guard isStatement || isText(body, end == bytes.count, context) else { return .no }
        isSure = true
      case 0x50:  // P
        guard let nameEnd = body.position(of: 0, from: 0) else {
          return end > bytes.count && body.count < 64 ? .undecided : .no
        }
        let text = body.clipped(from: nameEnd + 1, to: body.count)
        guard let isStatement = isStatement(text, isCut: end > bytes.count) else {
          return .undecided
        }
        guard isStatement, end >= bytes.count || PostgreSQLParser.isFrontendType(bytes[end]) else {
          return .no
        }
        return .yes(sentBy: .client)
      case 0x45:  // E: a portal's name and a number; a server's error begins with the same letter.
        let nameEnd = body.position(of: 0, from: 0)
        guard nameEnd.map({ $0 + 10 == length }) ?? (end > bytes.count) else {
          return context.side == nil ? answer(bytes) : .no
        }
        isSure = nameEnd != nil || context.side == .client
      default: break
      }
      index = end
    }
    guard isSure else { return .undecided }
    return index == bytes.count || context.isTruncated ? .yes(sentBy: .client) : .undecided
  }

  /// Whether a query that no statement begins like may be one all the same, for the server to refuse:
  /// a line of text on the usual port.
  private func isText(
    _ body: Span<UInt8>, _ isWhole: Bool, _ context: RecognitionContext
  ) -> Bool {
    guard isWhole, body.count > 1, descriptor.defaultPorts.contains(context.serverPort),
      body.position(of: 0, from: 0) == body.count - 1
    else { return false }
    for index in body.indices.dropLast() {
      let byte = body[index]
      guard byte >= 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d else { return false }
    }
    return true
  }

  private func isStatement(_ text: Span<UInt8>, isCut: Bool) -> Bool? {
    switch SQLText.beginsStatement(text, dialect: .postgreSQL) {
    case let known?: known
    case nil: isCut && text.count < 64 ? nil : false
    }
  }

  /// An answer seen first: the client's next message will tell.
  private func answer(_ bytes: Span<UInt8>) -> Recognition {
    var index = 0
    while index + 5 <= bytes.count {
      let length = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard PostgreSQLParser.isBackendType(bytes[index]), length >= 5, length <= 1 << 24 else {
        return .no
      }
      index += length
    }
    return index < bytes.count && !PostgreSQLParser.isBackendType(bytes[index]) ? .no : .undecided
  }
}
