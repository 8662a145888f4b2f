// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// AMQP 0-9-1, as RabbitMQ speaks it (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, whose
/// sections are named here).
package struct AMQP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 102), name: "AMQP", pairing: .identifier,
    defaultPorts: [5672], answers: .rows, sureness: 190, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { AMQPParser() }

  /// The protocol's name, or a frame's type.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([1, 8, UInt8(ascii: "A")]), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    if bytes[0] == UInt8(ascii: "A") {
      guard bytes.hasPrefix(AMQPFrame.protocolHeader, at: 0) else { return .no }
      guard bytes.count >= AMQPFrame.protocolHeaderSize else { return .undecided }
      // Servers answer it only to who asks for another version.
      return .yes(sentBy: context.side ?? .client)
    }
    guard bytes.count >= AMQPFrame.headSize else {
      let isFrame = bytes[0] == 1 || bytes[0] == 8
      return isFrame && (bytes.count < 4 || bytes[3] == 0) ? .undecided : .no
    }
    guard let frame = AMQPFrame(bytes), frame.kind == .method || frame.kind == .heartbeat else {
      return .no
    }
    if frame.kind == .heartbeat {
      guard frame.size == 0, frame.channel == 0 else { return .no }
      return bytes.count < 8 || bytes[7] == AMQPFrame.end ? .undecided : .no
    }
    guard bytes.count >= 11 else { return .undecided }
    guard let method = AMQPMethod(bytes, frame) else { return .no }
    if let side = context.side, let sender = method.sender, sender != side { return .no }
    guard bytes.count >= frame.length else {
      return context.isTruncated ? .yes(sentBy: context.side ?? method.sender) : .undecided
    }
    guard bytes[frame.length - 1] == AMQPFrame.end else { return .no }
    return .yes(sentBy: context.side ?? method.sender)
  }
}
