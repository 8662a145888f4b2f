// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// HTTP/2, RFC 9113, in clear: by prior knowledge, after an Upgrade, or what a TLS library hands out.
package struct HTTP2: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 21), name: "HTTP2", pairing: .identifier,
    defaultPorts: [50_051], answers: .results, sureness: 230, endpoints: .path)
  package let dialects = [GRPC.descriptor, GRPC.triple]

  package init() {}

  /// The client's preface, or the head of a frame.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings()
      .with(ByteSet([0, UInt8(ascii: "P")]), at: 0)
      .with(ByteSet([UInt8(ascii: " ")] + Array(0...9)), at: 3)
      .with(ByteSet(where: { $0 == UInt8(ascii: "*") || $0 & ~0x2d == 0 }), at: 4)
      .with(ByteSet(0...0x7f), at: 5)
  }

  package func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    HTTP2Recognition.recognize(bytes, context: context)
  }

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { HTTP2Parser() }
}
