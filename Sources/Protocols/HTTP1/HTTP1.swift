// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// HTTP/1.0 and HTTP/1.1.
package struct HTTP1: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 20), name: "HTTP", pairing: .order,
    defaultPorts: [80, 8_080], responsesShowRequests: true,
    sureness: 240, endpoints: .path)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { HTTP1Parser() }

  /// A method or a version, empty lines before it, or the header of the PROXY protocol.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet.letters.union(ByteSet([0x0A, 0x0D])), at: 0)
  }

  package func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    HTTP1Recognition.recognize(bytes, context: context)
  }
}
