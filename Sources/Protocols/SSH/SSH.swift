// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The beginning of SSH (RFC 4253) as a call: who both sides are, and what they agree on. What follows is
/// cipher text.
package struct SSH: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 212), name: "SSH", pairing: .identifier,
    timeoutSeconds: 30, defaultPorts: [22], sureness: 220)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { SSHParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0x53]), at: 0).with(ByteSet([0x53]), at: 1)
      .with(ByteSet([0x48]), at: 2).with(ByteSet([0x2d]), at: 3).with(ByteSet([0x31, 0x32]), at: 4)
  }

  /// Section 4.2: both sides begin with it.
  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.hasPrefix("SSH-", at: 0) else { return .no }
    guard bytes.count >= 8 else {
      return bytes.count > 4 && bytes[4] != 0x31 && bytes[4] != 0x32 ? .no : .undecided
    }
    guard bytes.hasPrefix("2.0-", at: 4) || bytes.hasPrefix("1.", at: 4) else { return .no }
    return .yes(sentBy: context.side)
  }
}
