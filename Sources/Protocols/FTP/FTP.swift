// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The commands of FTP (RFC 959). No names of files or users are told.
package struct FTP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 213), name: "FTP", pairing: .order,
    timeoutSeconds: 300, defaultPorts: [21], sureness: 145)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    ReplyParser<FTPDialect>()
  }

  /// A reply, or a command.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("2".utf8), at: 0).with(ByteSet("2".utf8), at: 1)
  }

  private static let commands: [StaticString] = ["USER", "AUTH", "FEAT", "OPTS", "HOST", "SYST"]

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    let isOwn = descriptor.defaultPorts.contains(context.serverPort)
    if bytes[0] == UInt8(ascii: "2") {
      guard context.side != .client else { return .no }
      guard let line = TextLine(bytes, from: 0) else {
        return isPossible(bytes) && ReplyLine.mayBegin(with: bytes) ? .undecided : .no
      }
      guard let reply = ReplyLine(bytes, line.text) else { return .no }
      switch reply.code {
      case 220 where !reply.has("SMTP", in: bytes) && !reply.has("LMTP", in: bytes):
        return isOwn || reply.has("FTP", in: bytes) ? .yes(sentBy: .server) : .undecided
      case 227: return reply.has("Passive Mode (", in: bytes) ? .yes(sentBy: .server) : .no
      case 229: return reply.has("(|||", in: bytes) ? .yes(sentBy: .server) : .no
      default: return .no
      }
    }
    guard isOwn, context.side != .server else { return .no }
    guard let line = TextLine(bytes, from: 0) else {
      return bytes.count < 512 && CommandLine.mayBegin(with: bytes, Self.commands)
        ? .undecided : .no
    }
    guard let command = CommandLine(bytes, line.text),
      Self.commands.contains(where: { CommandLine.word($0) == command.word })
    else { return .no }
    return .yes(sentBy: .client)
  }

  /// Whether it begins like one of the replies that are known here.
  private func isPossible(_ bytes: Span<UInt8>) -> Bool {
    bytes.hasPrefix("220", at: 0) || bytes.hasPrefix("227", at: 0) || bytes.hasPrefix("229", at: 0)
  }
}

/// What is FTP's own.
enum FTPDialect: ReplyDialect {
  /// RFC 4217 section 4.
  static let startTLS = (word: CommandLine.word("AUTH"), code: 234)
  static let sendsLines = false

  private static let names: [StaticString] = [
    "USER", "PASS", "ACCT", "CWD", "CDUP", "SMNT", "REIN", "QUIT", "PORT", "PASV", "TYPE", "STRU",
    "MODE", "RETR", "STOR", "STOU", "APPE", "ALLO", "REST", "RNFR", "RNTO", "ABOR", "DELE", "RMD",
    "MKD", "PWD", "LIST", "NLST", "SITE", "SYST", "STAT", "HELP", "NOOP", "FEAT", "OPTS", "AUTH",
    "PBSZ", "PROT", "CCC", "EPRT", "EPSV", "LANG", "MDTM", "MLSD", "MLST", "SIZE", "XCWD", "XMKD",
    "XPWD", "XRMD", "XCUP", "HOST", "CLNT",
  ]

  static func name(_ word: UInt64) -> StaticString? {
    names.first { CommandLine.word($0) == word }
  }

  static func describe(_ command: CommandLine, _ bytes: Span<UInt8>, on desk: inout Desk) {}

  static func payload(_ command: CommandLine, _ bytes: Span<UInt8>) -> Int { 0 }

  /// RFC 959 section 4.2.2.
  static func meaning(_ code: Int) -> StaticString {
    switch code {
    case 421: "Service not available"
    case 425: "Cannot open data connection"
    case 426: "Connection closed, transfer aborted"
    case 430: "Invalid user name or password"
    case 450: "File unavailable for now"
    case 451: "Local error in processing"
    case 452, 552: "Insufficient storage space"
    case 500: "Syntax error"
    case 501: "Syntax error in parameters"
    case 502: "Command not implemented"
    case 503: "Bad sequence of commands"
    case 504: "Parameter not implemented"
    case 530: "Not logged in"
    case 532: "Need account for storing files"
    case 550: "File unavailable"
    case 551: "Page type unknown"
    case 553: "File name not allowed"
    default: code < 500 ? "Failed for now" : "Failed"
    }
  }
}
