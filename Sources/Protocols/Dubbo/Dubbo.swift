// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The protocol of Apache Dubbo 2, with what its users wrote the calls in: Hessian 2, Kryo, Fastjson 2,
/// Java's own, or lines of JSON. Calls and answers find each other by an id; either side may call.
package struct Dubbo: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 40), name: "Dubbo", pairing: .identifier,
    defaultPorts: [20_880], sureness: 200)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { DubboParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0xda]), at: 0).with(ByteSet([0xbb]), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, DubboHeader.isPossible(bytes) else { return .no }
    guard let header = DubboHeader(bytes) else { return .undecided }
    // Both sides send heartbeats.
    if header.isEvent { return .yes(sentBy: nil) }
    return .yes(sentBy: header.isRequest ? .client : .server)
  }
}
