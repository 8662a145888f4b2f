// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Diameter: RFC 6733. Requests and answers, which either side may send, find each other by the hop-by-hop
/// identifier.
package struct Diameter: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 208), name: "Diameter", pairing: .identifier,
    timeoutSeconds: 60, defaultPorts: [3_868], sureness: 160)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { DiameterParser() }

  /// The version, a length, flags.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([1]), at: 0).with(ByteSet(0...15), at: 1)
      .with(ByteSet { $0 & 0x0f == 0 }, at: 4)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, DiameterHead.isPossible(bytes) else { return .no }
    guard let head = DiameterHead(bytes) else { return .undecided }
    guard head.length > DiameterHead.size else { return .no }
    // The first attribute is the session's, or who says it.
    guard bytes.count >= DiameterHead.size + 8 else { return .undecided }
    let code = bytes.bigEndian32(at: 20)
    let length = Int(bytes.bigEndian32(at: 24) & 0xff_ffff)
    guard [263, 264, 268, 283, 296, 258].contains(code), bytes[24] & 0x1f == 0, length >= 8,
      length <= head.length - DiameterHead.size
    else { return .no }
    return .yes(sentBy: head.isRequest ? .client : .server)
  }
}

/// The head of a message (section 3): 20 bytes.
struct DiameterHead {
  static let size = 20

  let length: Int
  let isRequest: Bool
  let isError: Bool
  let command: Int
  let application: Int
  let hopByHop: UInt64

  /// Nil when there are not enough bytes.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    length = Int(bytes.bigEndian32(at: 0) & 0xff_ffff)
    isRequest = bytes[4] & 0x80 != 0
    isError = bytes[4] & 0x20 != 0
    command = Int(bytes.bigEndian32(at: 4) & 0xff_ffff)
    application = Int(bytes.bigEndian32(at: 8))
    hopByHop = UInt64(bytes.bigEndian32(at: 12))
  }

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    if bytes.count > 0, bytes[0] != 1 { return false }
    if bytes.count >= 4 {
      let length = Int(bytes.bigEndian32(at: 0) & 0xff_ffff)
      guard length >= size, length % 4 == 0, length < 1 << 20 else { return false }
    }
    // A request is no error; the lower flags are nobody's.
    if bytes.count > 4, bytes[4] & 0x0f != 0 || bytes[4] & 0xa0 == 0xa0 { return false }
    return bytes.count < 8 || bytes.bigEndian32(at: 4) & 0xff_ffff >= 256
  }

  /// https://www.iana.org/assignments/aaa-parameters#aaa-parameters-1.
  var commandName: StaticString? {
    switch command {
    case 257: "Capabilities-Exchange"
    case 258: "Re-Auth"
    case 265: "AA"
    case 268: "Diameter-EAP"
    case 271: "Accounting"
    case 272: "Credit-Control"
    case 274: "Abort-Session"
    case 275: "Session-Termination"
    case 280: "Device-Watchdog"
    case 282: "Disconnect-Peer"
    case 300: "User-Authorization"
    case 301: "Server-Assignment"
    case 302: "Location-Info"
    case 303: "Multimedia-Auth"
    case 304: "Registration-Termination"
    case 305: "Push-Profile"
    case 306: "User-Data"
    case 307: "Profile-Update"
    case 308: "Subscribe-Notifications"
    case 309: "Push-Notification"
    case 316: "Update-Location"
    case 317: "Cancel-Location"
    case 318: "Authentication-Information"
    case 319: "Insert-Subscriber-Data"
    case 320: "Delete-Subscriber-Data"
    case 321: "Purge-UE"
    case 323: "Notify"
    case 324: "ME-Identity-Check"
    default: nil
    }
  }
}
