// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The protocol of Redis, RESP2 and RESP3.
package struct Redis: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 80), name: "Redis", pairing: .order,
    defaultPorts: [6379], answers: .rows, readsTornAnswers: true, sureness: 140, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { RedisParser() }

  /// The type of a value. What people type is recognised on its own port alone.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("+-:$*%~>".utf8), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    if bytes[0] != 0x2a {
      if context.side != .client { return replyRecognition(bytes, context) }
      return inlineRecognition(bytes, context)
    }
    let command = context.side == .server ? .no : commandRecognition(bytes)
    // An array may be either's.
    return command == .no && context.side != .client ? replyRecognition(bytes, context) : command
  }

  private func commandRecognition(_ bytes: Span<UInt8>) -> Recognition {
    guard case .value(let elements, let next) = RedisFrame.count(bytes, at: 1) else {
      if case .needMore = RedisFrame.count(bytes, at: 1) { return .undecided }
      return .no
    }
    guard elements >= 1, elements <= 1 << 20 else { return .no }
    guard next < bytes.count else { return .undecided }
    guard bytes[next] == 0x24 else { return .no }
    switch RedisFrame.count(bytes, at: next + 1) {
    case .needMore: return .undecided
    case .malformed: return .no
    case .value(let length, let start):
      guard length >= 2, length <= 20 else { return .no }
      guard start + length <= bytes.count else { return .undecided }
      if RedisCommand.named(bytes, at: start..<(start + length)) != nil {
        return .yes(sentBy: .client)
      }
      // Modules have commands of their own: one that is known will tell.
      for index in start..<(start + length) where bytes[index] <= 0x20 || bytes[index] > 0x7e {
        return .no
      }
      return .undecided
    }
  }

  /// `PING` and the like as a line of its own: plain words, so only where Redis usually is.
  private func inlineRecognition(
    _ bytes: Span<UInt8>, _ context: RecognitionContext
  ) -> Recognition {
    guard descriptor.defaultPorts.contains(context.serverPort) else { return .no }
    var index = 0
    while index < bytes.count, bytes[index] > 0x20 { index += 1 }
    guard index < bytes.count else { return index <= 20 ? .undecided : .no }
    guard RedisCommand.named(bytes, at: 0..<index) != nil else { return .no }
    guard let end = RedisFrame.lineEnd(bytes, from: index), bytes[end - 2] == 0x0d else {
      return .undecided
    }
    return .yes(sentBy: .client)
  }

  /// A reply alone is too weak a sign, but the client's next command will tell.
  private func replyRecognition(
    _ bytes: Span<UInt8>, _ context: RecognitionContext
  ) -> Recognition {
    switch bytes[0] {
    case 0x2b, 0x2d, 0x3a, 0x24, 0x2a, 0x25, 0x7e, 0x3e:
      if case .malformed = RedisFrame.end(of: bytes) { return .no }
      return .undecided
    default: return .no
    }
  }
}
