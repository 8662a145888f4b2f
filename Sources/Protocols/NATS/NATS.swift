// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The client protocol of NATS
/// (https://docs.nats.io/reference/reference-protocols/nats-protocol), and what JetStream says in it.
package struct NATS: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 104), name: "NATS", pairing: .identifier,
    defaultPorts: [4222], answers: .rows, sureness: 160, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { NATSParser() }

  /// First letters of what either side says.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("CHIMPSU+-".utf8), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    guard let line = TextLine(bytes, from: 0) else {
      // The first half of what ends a line belongs to no word.
      let end = bytes[bytes.count - 1] == 0x0d ? bytes.count - 1 : bytes.count
      return beginning(bytes.clipped(from: 0, to: end), context)
    }
    guard let command = NATSCommand(bytes, line) else { return .no }
    if let side = context.side, let sender = command.verb.sender, sender != side { return .no }
    let sender = command.verb.sender ?? context.side
    switch command.verb {
    case .info, .connect: return .yes(sentBy: sender)
    case .publish, .publishHeaders, .message, .messageHeaders:
      // Behind what is sent ends a line.
      let end = line.end + command.total
      guard bytes.count >= end + 2 else {
        return context.isTruncated ? .yes(sentBy: sender) : .undecided
      }
      return bytes[end] == 0x0d && bytes[end + 1] == 0x0a ? .yes(sentBy: sender) : .no
    default:
      let isOwn = descriptor.defaultPorts.contains(context.serverPort)
      return isOwn ? .yes(sentBy: sender) : .undecided
    }
  }

  /// Bytes of a line whose end is not in view.
  private func beginning(_ bytes: Span<UInt8>, _ context: RecognitionContext) -> Recognition {
    var words = TextWords(bytes.indices)
    guard let word = words.next(in: bytes), word.lowerBound == 0 else { return .no }
    guard word.upperBound < bytes.count else {
      return NATSCommand.mayBegin(with: bytes) ? .undecided : .no
    }
    guard let verb = NATSCommand.Verb(bytes, word) else { return .no }
    if let side = context.side, let sender = verb.sender, sender != side { return .no }
    guard verb == .info || verb == .connect else { return bytes.count < 1_024 ? .undecided : .no }
    guard let next = words.next(in: bytes) else { return .undecided }
    return bytes[next.lowerBound] == UInt8(ascii: "{") ? .yes(sentBy: verb.sender) : .no
  }
}
