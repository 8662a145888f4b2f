// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The protocol of Apache Kafka: requests and responses of any version, which find each other by the
/// correlation id.
package struct Kafka: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 100), name: "Kafka", pairing: .identifier,
    defaultPorts: [9092])

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { KafkaParser() }

  /// A response says nothing but a number: only requests are recognised.
  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, context.side != .server else { return .no }
    let recognition = KafkaRecognition(
      isCut: context.isTruncated,
      isOnOwnPort: descriptor.defaultPorts.contains(context.serverPort))
    switch recognition.likeness(of: bytes) {
    case .no, .unnamed: return .no
    case .undecided: return .undecided
    case .yes: return .yes(sentBy: .client)
    }
  }
}
