// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// RADIUS: RFC 2865, accounting (RFC 2866) and what servers ask (RFC 5176). Answers repeat the number of what
/// they answer.
package struct RADIUS: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 209), name: "RADIUS", transports: [.udp],
    pairing: .identifier, timeoutSeconds: 30, defaultPorts: [1_812, 1_813, 1_645, 1_646, 3_799],
    sureness: 95)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { RADIUSParser() }

  /// What it is, and the upper byte of a length of at most 4,096.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet { RADIUSMessage.name(of: $0) != nil }, at: 0).with(
      ByteSet(0...16), at: 2)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard let message = RADIUSMessage(bytes), message.isWhole || context.isTruncated else {
      return .no
    }
    // An answer may have no attributes at all; who asks always says something.
    let isOnOwnPort = descriptor.defaultPorts.contains(context.serverPort)
    guard isOnOwnPort || message.count >= 2 else { return .no }
    return .yes(sentBy: message.isRequest ? .client : .server)
  }
}

/// A packet (RFC 2865 section 3): a code, an identifier, a length, what proves who sent it, attributes.
struct RADIUSMessage {
  private static let head = 20

  let code: UInt8
  let id: UInt64
  private(set) var nas = 0..<0
  private(set) var nasAddress = 0..<0
  /// Attributes.
  private(set) var count = 0
  /// Whether they fill the packet.
  private(set) var isWhole = false

  /// Nil for what is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.head else { return nil }
    code = bytes[0]
    id = UInt64(bytes[1])
    let length = Int(bytes[2]) << 8 | Int(bytes[3])
    guard Self.name(of: code) != nil, length >= Self.head, length <= 4_096 else { return nil }
    var place = Self.head
    while place + 2 <= min(length, bytes.count) {
      let size = Int(bytes[place + 1])
      guard size >= 2, bytes[place] != 0, place + size <= length else { return nil }
      if place + size <= bytes.count { take(bytes[place], (place + 2)..<(place + size)) }
      count += 1
      place += size
    }
    // Bytes behind it are padding.
    isWhole = place == length && bytes.count >= length && bytes.count - length < 16
  }

  private mutating func take(_ type: UInt8, _ value: Range<Int>) {
    if type == 32 { nas = value }
    if type == 4, value.count == 4 { nasAddress = value }
  }

  var isRequest: Bool { [1, 4, 12, 40, 43].contains(code) }
  var isRefusal: Bool { [3, 42, 45].contains(code) }

  /// https://www.iana.org/assignments/radius-types#radius-types-27.
  static func name(of code: UInt8) -> StaticString? {
    switch code {
    case 1: "Access-Request"
    case 2: "Access-Accept"
    case 3: "Access-Reject"
    case 4: "Accounting-Request"
    case 5: "Accounting-Response"
    case 11: "Access-Challenge"
    case 12: "Status-Server"
    case 40: "Disconnect-Request"
    case 41: "Disconnect-ACK"
    case 42: "Disconnect-NAK"
    case 43: "CoA-Request"
    case 44: "CoA-ACK"
    case 45: "CoA-NAK"
    default: nil
    }
  }
}

/// Reads RADIUS: each request is one, each answer its response. Of attributes only those are shown that
/// say which server of networks asks; names, passwords and addresses of users are not.
struct RADIUSParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard let message = RADIUSMessage(bytes), let name = RADIUSMessage.name(of: message.code) else {
      throw ParseError(at: 0, expected: "a packet")
    }
    desk.message = Message(message.isRequest ? .request : .response)
    desk.message.exchange = message.id
    desk.message.requestID = message.id
    desk.message.length = Int64(bytes.count)
    guard message.isRequest else {
      desk.message.code = Int32(message.code)
      desk.message.texts.responseResult = desk.fields.append(name)
      if message.isRefusal {
        desk.message.status = .clientError
        desk.message.texts.responseException = desk.message.texts.responseResult
      }
      return .message(.bytes(bytes.count))
    }
    desk.message.texts.requestType = desk.fields.append(name)
    desk.message.texts.endpoint = desk.message.texts.requestType
    if message.nas.isEmpty {
      let mark = desk.fields.mark
      desk.fields.push(address: bytes.clipped(message.nasAddress))
      desk.message.texts.requestDomain = desk.fields.finish(from: mark)
    } else {
      desk.message.texts.requestDomain = desk.fields.append(freeText: bytes, at: message.nas)
    }
    return .message(.bytes(bytes.count))
  }
}
