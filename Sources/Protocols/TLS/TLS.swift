// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The handshake of TLS (RFC 8446, RFC 5246 and before) and of its form for datagrams (RFC 9147,
/// RFC 6347), as a call: what a client offers, and what the server makes of it. What follows is cipher
/// text, which nobody can read here.
package struct TLS: ProtocolKind {
  package static let number = ApplicationProtocol(rawValue: 121)

  package let descriptor = ProtocolDescriptor(
    number: TLS.number, name: "TLS", transports: [.tcp, .udp], pairing: .identifier,
    timeoutSeconds: 15, defaultPorts: [443, 465, 636, 853, 993, 995, 5_671, 6_443, 8_443],
    sureness: 210)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    context.transport == .udp ? DTLSParser() : TLSParser()
  }

  package func openings(on transport: TransportProtocol) -> Openings {
    let types = Openings().with(ByteSet(20...23), at: 0)
    if transport == .udp {
      return types.with(ByteSet([0xfe, 1]), at: 1).with(ByteSet([0xfc, 0xfd, 0xff, 0]), at: 2)
    }
    return types.with(ByteSet([3]), at: 1).with(ByteSet(0...4), at: 2)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    if context.transport == .udp { return DTLSRecord.recognize(bytes) }
    if bytes.count > 1, bytes[1] != 3 { return .no }
    guard bytes.count > 0, 20...23 ~= bytes[0] else { return bytes.isEmpty ? .undecided : .no }
    guard bytes.count >= TLSRecord.head else {
      return bytes.count > 2 && bytes[2] > 4 ? .no : .undecided
    }
    guard let record = TLSRecord(bytes) else { return .no }
    switch record.type {
    case TLSContent.changeCipherSpec:
      guard record.length == 1 else { return .no }
      return bytes.count < 6 ? .undecided : bytes[5] == 1 ? .yes(sentBy: nil) : .no
    case TLSContent.alert: return alert(bytes, record)
    case TLSContent.handshake: return handshake(bytes, record)
    default:
      // No cipher adds less than its mark, and what stands behind must be a record too.
      guard bytes[2] != 0, bytes[2] != 4, record.length >= 16 else { return .no }
      let next = record.end
      return next + TLSRecord.head > bytes.count || TLSRecord(bytes, at: next) != nil
        ? .yes(sentBy: nil) : .no
    }
  }

  private func alert(_ bytes: Span<UInt8>, _ record: TLSRecord) -> Recognition {
    guard record.length == 2 else { return 18...80 ~= record.length ? .yes(sentBy: nil) : .no }
    guard bytes.count >= 7 else { return .undecided }
    return TLSAlert(level: bytes[5], number: bytes[6]) == nil ? .no : .yes(sentBy: nil)
  }

  /// A hello, or at least the head of one: its type, its length, a version.
  private func handshake(_ bytes: Span<UInt8>, _ record: TLSRecord) -> Recognition {
    let start = TLSRecord.head
    guard bytes.count > start else { return .undecided }
    let type = bytes[start]
    guard type == TLSClientHello.type || type == TLSServerHello.type, record.length >= 4 else {
      // In the middle of a handshake, what is encrypted of it begins with anything.
      return .no
    }
    guard bytes.count >= start + 4 else { return .undecided }
    let length = Int(bytes[start + 1]) << 16 | Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
    guard length >= 38, length <= 1 << 17 else { return .no }
    guard record.length >= 6 else { return .yes(sentBy: Self.sender(type)) }
    guard bytes.count >= start + 6 else { return .undecided }
    guard bytes[start + 4] == 3, bytes[start + 5] <= 4 else { return .no }
    guard bytes.count > start + 38, record.length > 38 else {
      return .yes(sentBy: Self.sender(type))
    }
    return bytes[start + 38] <= 32 ? .yes(sentBy: Self.sender(type)) : .no
  }

  private static func sender(_ type: UInt8) -> Side {
    type == TLSClientHello.type ? .client : .server
  }
}
