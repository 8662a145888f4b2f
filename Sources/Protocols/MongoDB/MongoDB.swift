// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The wire protocol of MongoDB
/// (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/): OP_MSG, the older OP_QUERY and
/// OP_REPLY with their like, and OP_COMPRESSED around any of them. Requests and responses find each
/// other by the request's id.
package struct MongoDB: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 81), name: "MongoDB", pairing: .identifier,
    defaultPorts: [27_017], sureness: 200)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { MongoDBParser() }

  /// The upper byte of a length, at most 48 MB and some.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet(0...2), at: 3)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp else { return .no }
    return MongoDBRecognition.recognize(bytes, side: context.side)
  }
}
