// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The protocols of memcached: lines of text, the meta commands among them, and the binary one
/// (protocol.txt and protocol_binary.h of its sources).
package struct Memcached: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 82), name: "Memcached", pairing: .order,
    defaultPorts: [11_211], answers: .rows, sureness: 110, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    MemcachedParser()
  }

  /// First letters of commands and answers, and the two magic bytes.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(
      ByteSet("acdfgilmprstvwlqABCDEHIMNORSTV".utf8).union(ByteSet([0x80, 0x81])), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    if bytes[0] == 0x80 || bytes[0] == 0x81 { return binaryRecognition(bytes, context) }
    let isLower = bytes[0] >= 0x61
    if context.side == (isLower ? .server : .client) { return .no }
    guard let line = TextLine(bytes, from: 0) else { return beginning(bytes) }
    if isLower { return commandRecognition(bytes, line, context) }
    return answerRecognition(bytes, line)
  }

  /// Bytes of a line whose end is not in view.
  private func beginning(_ bytes: Span<UInt8>) -> Recognition {
    for index in bytes.indices.prefix(256)
    where bytes[index] < 0x20 && bytes[index] != 0x0d || bytes[index] == 0x7f {
      return .no
    }
    var words = TextWords(bytes.indices)
    guard let verb = words.next(in: bytes), verb.lowerBound == 0 else { return .no }
    if verb.upperBound == bytes.count {
      let begins =
        bytes[0] >= 0x61
        ? MemcachedCommand.mayBegin(with: bytes) : MemcachedAnswer.mayBegin(with: bytes)
      return begins ? .undecided : .no
    }
    if bytes[0] >= 0x61 { return MemcachedCommand.named(bytes, verb) == nil ? .no : .undecided }
    let isAnswer = MemcachedAnswer(bytes, verb) != nil
    return isAnswer && bytes.count < 2_048 ? .undecided : .no
  }

  /// What is stored is announced as nobody else does it. Other commands are words that many use: the
  /// server's answer tells.
  private func commandRecognition(
    _ bytes: Span<UInt8>, _ line: TextLine, _ context: RecognitionContext
  ) -> Recognition {
    guard let command = MemcachedCommand(bytes, line), command.isWellFormed else { return .no }
    let isOwn = descriptor.defaultPorts.contains(context.serverPort)
    return isOwn || command.verb.form == .storage ? .yes(sentBy: .client) : .undecided
  }

  private func answerRecognition(_ bytes: Span<UInt8>, _ line: TextLine) -> Recognition {
    var words = TextWords(line.text)
    guard line.end - line.text.upperBound == 2, let first = words.next(in: bytes),
      let answer = MemcachedAnswer(bytes, first)
    else { return .no }
    switch answer {
    case .value, .metaValue:
      return MemcachedAnswer.length(of: answer, bytes, line.text) == nil
        ? .no : .yes(sentBy: .server)
    case .stored, .notStored, .end, .metaDone:
      return words.next(in: bytes) == nil || answer == .metaDone ? .yes(sentBy: .server) : .no
    case .clientError, .serverError, .statistic: return .yes(sentBy: .server)
    default: return .undecided
    }
  }

  private func binaryRecognition(
    _ bytes: Span<UInt8>, _ context: RecognitionContext
  ) -> Recognition {
    let side: Side = bytes[0] == 0x80 ? .client : .server
    if let known = context.side, known != side { return .no }
    guard let head = MemcachedHead(bytes) else {
      return bytes.count > 1 && !MemcachedHead.isKnown(bytes[1]) ? .no : .undecided
    }
    return head.isPlausible ? .yes(sentBy: side) : .no
  }
}
