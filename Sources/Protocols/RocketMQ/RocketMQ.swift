// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The remoting protocol of Apache RocketMQ
/// (https://github.com/apache/rocketmq/blob/develop/docs/en/Design_Remoting.md): headers in JSON or in a binary form. Requests and responses find each
/// other by a number; either side asks.
package struct RocketMQ: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 107), name: "RocketMQ", pairing: .identifier,
    defaultPorts: [9876, 10_911], sureness: 180, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { RocketMQParser() }

  /// The upper byte of a length, the form of the header, the upper byte of its length.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet(0...4), at: 0).with(ByteSet([0, 1]), at: 4).with(ByteSet([0]), at: 5)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    guard bytes.count >= RocketMQFrame.size else {
      return bytes.count < 5 || bytes[4] <= 1 ? bytes[0] <= 4 ? .undecided : .no : .no
    }
    guard let frame = RocketMQFrame(bytes) else { return .no }
    let end = RocketMQFrame.size + frame.headerCount
    if frame.isJSON, bytes.count > RocketMQFrame.size,
      bytes[RocketMQFrame.size] != UInt8(ascii: "{")
    {
      return .no
    }
    guard bytes.count >= end else { return .undecided }
    guard let header = RocketMQHeader(bytes, frame) else { return .no }
    if header.isResponse { return .yes(sentBy: context.side ?? .server) }
    guard RocketMQCode.request(header.code) != nil else { return .no }
    return .yes(sentBy: context.side ?? .client)
  }
}
