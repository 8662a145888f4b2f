// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// HTTP/1.0 and HTTP/1.1.
package struct HTTP1: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 20), name: "HTTP", pairing: .order,
    defaultPorts: [80, 8_080], responsesShowRequests: true)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { HTTP1Parser() }

  package func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    HTTP1Recognition.recognize(bytes, context: context)
  }
}
