// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// SMTP and LMTP (RFC 5321, RFC 2033). Of a mail nothing is told, of addresses their domain.
package struct SMTP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 210), name: "SMTP", pairing: .order,
    timeoutSeconds: 300, defaultPorts: [25, 587], sureness: 150)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    ReplyParser<SMTPDialect>()
  }

  /// A reply, or the commands that a conversation begins with.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("2EeHhLlMmRr".utf8), at: 0).with(ByteSet("2HhEeAaCc".utf8), at: 1)
  }

  private static let commands: [StaticString] = ["EHLO", "HELO", "LHLO", "MAIL", "RCPT"]

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    let isOwn = descriptor.defaultPorts.contains(context.serverPort)
    if bytes[0] == UInt8(ascii: "2") {
      guard context.side != .client, bytes.hasPrefix("220", at: 0) else { return .no }
      guard let line = TextLine(bytes, from: 0) else {
        return ReplyLine.mayBegin(with: bytes) ? .undecided : .no
      }
      guard let reply = ReplyLine(bytes, line.text), !reply.has("FTP", in: bytes) else {
        return .no
      }
      if isOwn || reply.has("SMTP", in: bytes) || reply.has("LMTP", in: bytes) {
        return .yes(sentBy: .server)
      }
      return .undecided
    }
    guard context.side != .server else { return .no }
    guard let line = TextLine(bytes, from: 0) else {
      return bytes.count < 512 && CommandLine.mayBegin(with: bytes, Self.commands)
        ? .undecided : .no
    }
    guard let command = CommandLine(bytes, line.text), !command.argument.isEmpty else { return .no }
    let first = bytes.clipped(command.argument)
    let isSure =
      switch command.word {
      case CommandLine.word("EHLO"), CommandLine.word("HELO"), CommandLine.word("LHLO"):
        first.indices.allSatisfy { first[$0] > 0x20 && first[$0] != 0x7f }
      case CommandLine.word("MAIL"): SMTPDialect.isPath(first, "FROM:")
      case CommandLine.word("RCPT"): SMTPDialect.isPath(first, "TO:")
      default: false
      }
    return isSure ? .yes(sentBy: .client) : .no
  }
}

/// What is SMTP's own.
enum SMTPDialect: ReplyDialect {
  static let startTLS = (word: CommandLine.word("STARTTLS"), code: 220)
  static let sendsLines = true

  private static let names: [StaticString] = [
    "HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN",
    "HELP", "AUTH", "STARTTLS", "XCLIENT", "XFORWARD", "ETRN", "BURL",
  ]

  static func name(_ word: UInt64) -> StaticString? {
    names.first { CommandLine.word($0) == word }
  }

  /// `FROM:<` and `TO:<`, in any case.
  static func isPath(_ bytes: Span<UInt8>, _ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count > count else { return false }
    let known = CommandLine.word(word)
    for index in 0..<(count - 1)
    where UInt64(bytes[index] & 0xdf) != known >> UInt64(index * 8) & 0xff {
      return false
    }
    return bytes[count - 1] == UInt8(ascii: ":")
      && (bytes[count] == UInt8(ascii: "<") || bytes[count] == 0x20)
  }

  /// Where a mail comes from and goes to: of an address what stands behind the last `@`.
  static func describe(_ command: CommandLine, _ bytes: Span<UInt8>, on desk: inout Desk) {
    switch command.word {
    case CommandLine.word("MAIL"), CommandLine.word("RCPT"):
      let range = command.argument
      let end =
        bytes.firstIndex(of: UInt8(ascii: ">"), from: range.lowerBound, to: range.upperBound)
        ?? range.upperBound
      var start = end
      while start > range.lowerBound, bytes[start - 1] != UInt8(ascii: "@"),
        bytes[start - 1] != UInt8(ascii: "<")
      {
        start -= 1
      }
      guard start > range.lowerBound, bytes[start - 1] == UInt8(ascii: "@"),
        isName(bytes, start..<end)
      else { return }
      let mark = desk.fields.mark
      desk.fields.push("?@")
      desk.fields.push(bytes.clipped(from: start, to: end))
      desk.message.texts.requestResource = desk.fields.finish(from: mark)
    case CommandLine.word("EHLO"), CommandLine.word("HELO"), CommandLine.word("LHLO"):
      guard isName(bytes, command.argument) else { return }
      desk.fields.append(
        attribute: "smtp.client_name", bytes.clipped(command.argument),
        to: &desk.message.attributes)
    case CommandLine.word("AUTH"):
      var words = TextWords(command.argument)
      guard let mechanism = words.next(in: bytes), mechanism.count <= 20 else { return }
      desk.fields.append(
        attribute: "smtp.auth", bytes.clipped(mechanism), to: &desk.message.attributes)
    default: break
    }
  }

  /// Whether it is a name of a host, or an address of one in brackets.
  private static func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    for index in range {
      let byte = bytes[index]
      guard
        ByteSet.letter(byte) || byte &- 0x2d < 14 && byte != 0x2f || byte == 0x5b || byte == 0x5d
      else { return false }
    }
    return !range.isEmpty
  }

  /// RFC 3030 section 2.
  static func payload(_ command: CommandLine, _ bytes: Span<UInt8>) -> Int {
    guard command.word == CommandLine.word("BDAT") else { return 0 }
    var words = TextWords(command.argument)
    guard let size = words.next(in: bytes), size.count <= 10 else { return 0 }
    return bytes.decimal(at: size) ?? 0
  }

  /// RFC 5321 section 4.2.3, RFC 4954 section 6.
  static func meaning(_ code: Int) -> StaticString {
    switch code {
    case 421: "Service not available"
    case 450: "Mailbox unavailable for now"
    case 451: "Local error in processing"
    case 452: "Insufficient system storage"
    case 454: "Temporary authentication failure"
    case 500: "Syntax error"
    case 501: "Syntax error in parameters"
    case 502: "Command not implemented"
    case 503: "Bad sequence of commands"
    case 504: "Parameter not implemented"
    case 521, 556: "Host does not accept mail"
    case 530: "Authentication required"
    case 535: "Authentication credentials invalid"
    case 550: "Mailbox unavailable"
    case 551: "User not local"
    case 552: "Exceeded storage allocation"
    case 553: "Mailbox name not allowed"
    case 554: "Transaction failed"
    default: code < 500 ? "Failed for now" : "Failed"
    }
  }
}
