// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The protocol of Apache Kafka: requests and responses of any version, which find each other by the
/// correlation id.
package struct Kafka: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 100), name: "Kafka", pairing: .identifier,
    defaultPorts: [9092], sureness: 130, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { KafkaParser() }

  /// The upper byte of the longest length, and the upper halves of the API's number and version, which are
  /// small.
  package func openings(on transport: TransportProtocol) -> Openings {
    let numbers = ByteSet { KafkaAPI.numbered(Int($0)) != nil }
    return Openings().with(ByteSet(0...8), at: 0).with(ByteSet([0]), at: 4).with(numbers, at: 5)
      .with(ByteSet([0]), at: 6)
  }

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
