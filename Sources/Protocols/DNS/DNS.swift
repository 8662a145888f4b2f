// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// DNS over UDP and TCP: RFC 1035, with EDNS (RFC 6891), multicast DNS (RFC 6762) and LLMNR
/// (RFC 4795), which share its format.
package struct DNS: ProtocolKind {
  /// Those of NetBIOS, whose packets are alike: RFC 1002.
  private static let foreignPorts: [UInt16] = [137, 138]

  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 120), name: "DNS", transports: [.udp, .tcp],
    pairing: .identifier, timeoutSeconds: 15, defaultPorts: [53, 5_353, 5_355],
    groupPorts: [5_353, 5_355], sureness: 100)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    DNSParser(isStream: context.transport == .tcp)
  }

  /// The opcode, and the upper half of a small number of questions; on a stream the length is before
  /// them.
  package func openings(on transport: TransportProtocol) -> Openings {
    let start = transport == .udp ? 0 : 2
    let opcodes = ByteSet { [0, 1, 2, 4, 5, 6].contains($0 >> 3 & 15) }
    return Openings().with(opcodes, at: start + 2).with(ByteSet([0]), at: start + 4)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard !Self.foreignPorts.contains(context.serverPort) else { return .no }
    let isOnOwnPort = descriptor.defaultPorts.contains(context.serverPort)
    if context.transport == .udp {
      let isValid = DNSMessage.isValid(
        bytes, size: context.isTruncated ? .max : bytes.count, isCut: context.isTruncated,
        isOnOwnPort: isOnOwnPort)
      return isValid ? sender(bytes) : .no
    }
    guard bytes.count >= 2 else { return .undecided }
    let size = DNSParser.streamSize(bytes)
    guard size >= DNSHeader.size + (isOnOwnPort ? 0 : 5) else { return .no }
    guard bytes.count >= 2 + DNSHeader.size else {
      return bytes.count < 6 || isPlausibleStart(bytes) ? .undecided : .no
    }
    let end = min(bytes.count, 2 + size)
    let message = bytes.clipped(from: 2, to: end)
    guard let header = DNSHeader(message),
      header.isPlausible(size: size, isOnOwnPort: isOnOwnPort)
    else { return .no }
    let isWhole = message.count == size
    if DNSMessage.isValid(message, size: size, isCut: false, isOnOwnPort: isOnOwnPort) {
      return sender(message)
    }
    guard !isWhole else { return .no }
    return context.isTruncated
      && DNSMessage.isValid(message, size: size, isCut: true, isOnOwnPort: isOnOwnPort)
      ? sender(message) : .undecided
  }

  /// Whether flags and the question count, as far as they are there, are those of a message.
  private func isPlausibleStart(_ bytes: Span<UInt8>) -> Bool {
    let opcode = bytes[4] >> 3 & 15
    guard [0, 1, 2, 4, 5, 6].contains(opcode) else { return false }
    return bytes.count < 7 || bytes[6] == 0
  }

  private func sender(_ message: Span<UInt8>) -> Recognition {
    .yes(sentBy: message[2] & 0x80 == 0 ? .client : .server)
  }
}
