// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// SOME/IP, https://www.autosar.org/standards (AUTOSAR FO, SOME/IP Protocol Specification), with its
/// service discovery. Requests and answers find each other by client and session.
package struct SOMEIP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 47), name: "SOME/IP", transports: [.udp, .tcp],
    pairing: .identifier, timeoutSeconds: 30, defaultPorts: [30_490, 30_491, 30_501, 30_509],
    groupPorts: [30_490], sureness: 90)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { SOMEIPParser() }

  /// The upper byte of a length.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0]), at: 4)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard SOMEIPHeader.isPossible(bytes) else { return .no }
    guard let header = SOMEIPHeader(bytes) else {
      return context.transport == .udp ? .no : .undecided
    }
    guard header.isPlausible else { return .no }
    if context.transport == .udp, !context.isTruncated {
      // A datagram is full of messages, to its last byte.
      var end = header.length
      while end < bytes.count {
        guard let next = SOMEIPHeader(bytes.clipped(from: end, to: bytes.count)), next.isPlausible
        else { return .no }
        end += next.length
      }
      guard end == bytes.count else { return .no }
    }
    return .yes(sentBy: header.isNotification ? nil : header.isAnswer ? .server : .client)
  }
}

/// The head of a message (section 4.1.2): 16 bytes.
struct SOMEIPHeader {
  static let size = 16
  private static let longest = 1 << 24

  let service: Int
  let method: Int
  let length: Int
  let client: Int
  let session: Int
  let protocolVersion: UInt8
  let interface: UInt8
  /// Without the mark of a segmented message (section 4.2.1.4).
  let type: UInt8
  let isSegment: Bool
  let code: UInt8

  /// Nil when there are not enough bytes.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    func two(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }
    service = two(0)
    method = two(2)
    length = 8 + Int(bytes.bigEndian32(at: 4))
    client = two(8)
    session = two(10)
    protocolVersion = bytes[12]
    interface = bytes[13]
    isSegment = bytes[14] & 0x20 != 0
    type = bytes[14] & ~0x20
    code = bytes[15]
  }

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    if bytes.count > 4, bytes[4] != 0 { return false }
    if bytes.count >= 8, bytes.bigEndian32(at: 4) < 8 { return false }
    // Numbers that are four letters are words of others.
    var letters = 0
    for index in 0..<min(4, bytes.count) where 0x20...0x7e ~= bytes[index] { letters += 1 }
    if letters == 4 || letters == bytes.count { return false }
    if bytes.count > 12, bytes[12] != 1 { return false }
    return bytes.count <= 14 || [0, 1, 2, 0x80, 0x81].contains(bytes[14] & ~0x20)
  }

  var isNotification: Bool { type == 2 }
  var isAnswer: Bool { type >= 0x80 }
  var isDiscovery: Bool { service == 0xffff && method == 0x8100 }

  /// Events have the highest bit of their number set, methods have not; only answers have codes.
  var isPlausible: Bool {
    guard protocolVersion == 1, length >= Self.size, length < Self.longest, service != 0,
      [0, 1, 2, 0x80, 0x81].contains(type)
    else { return false }
    if service == 0xffff { return isDiscovery && isNotification && code == 0 && interface == 1 }
    if isNotification != (method >= 0x8000) || method & 0x7fff == 0x7fff { return false }
    return isAnswer ? code < 0x5f && (type == 0x80 || code != 0) : code == 0
  }

  var exchange: UInt64 {
    UInt64(service) << 48 | UInt64(method) << 32 | UInt64(client) << 16 | UInt64(session)
  }
}
