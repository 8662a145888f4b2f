// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The protocol of Apache bRPC that is called `baidu_std`:
/// https://github.com/apache/brpc/blob/master/docs/en/baidu_std.md. Calls and answers find each other by
/// an id.
package struct BRPC: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 45), name: "bRPC", pairing: .identifier,
    defaultPorts: [8_000], sureness: 200)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { BRPCParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0x50]), at: 0).with(ByteSet([0x52]), at: 1)
      .with(ByteSet([0x50]), at: 2).with(ByteSet([0x43]), at: 3)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.hasPrefix("PRPC", at: 0) else { return .no }
    guard bytes.count >= BRPCFrame.head else { return .undecided }
    guard let frame = BRPCFrame(bytes), !frame.isStream else { return .no }
    // Each has one of both first.
    guard bytes.count > BRPCFrame.head else { return .undecided }
    switch bytes[BRPCFrame.head] {
    case 0x0a: return .yes(sentBy: .client)
    case 0x12: return .yes(sentBy: .server)
    // What has neither is an answer without an error.
    case 0x18, 0x20, 0x28: return .yes(sentBy: .server)
    default: return .no
    }
  }
}

/// A magic word, the length of what follows, the length of its front, which says what it is.
struct BRPCFrame {
  static let head = 12
  private static let longest = 1 << 30

  /// Whether it is a part of a stream and not of a call.
  let isStream: Bool
  let length: Int
  let meta: Range<Int>

  /// Nil when it is none; there must be so many bytes as a head has.
  init?(_ bytes: Span<UInt8>) {
    isStream = bytes.hasPrefix("STRM", at: 0)
    guard isStream || bytes.hasPrefix("PRPC", at: 0) else { return nil }
    length = Self.head + Int(bytes.bigEndian32(at: 4))
    let count = Int(bytes.bigEndian32(at: 8))
    guard length <= Self.longest, Self.head + count <= length, count > 0 else { return nil }
    meta = Self.head..<(Self.head + count)
  }
}
