// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// MQTT 3.1, 3.1.1 and 5 (https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html, whose sections are
/// named here).
package struct MQTT: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 101), name: "MQTT", pairing: .identifier,
    defaultPorts: [1883], answers: .rows, sureness: 150, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { MQTTParser() }

  /// A packet's type and flags.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet { MQTTPacket.isHead($0) }, at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp else { return .no }
    return MQTTRecognition.recognize(
      bytes, side: context.side, isOwn: descriptor.defaultPorts.contains(context.serverPort),
      isCut: context.isTruncated)
  }
}
