// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Dynamic Host Configuration Protocol: RFC 2131, options of RFC 2132. Clients ask everybody, and answers
/// repeat a number of theirs.
package struct DHCP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 206), name: "DHCP", transports: [.udp],
    pairing: .identifier, timeoutSeconds: 30, defaultPorts: [67], groupPorts: [67], sureness: 200)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { DHCPParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([1, 2]), at: 0).with(ByteSet(0...16), at: 2)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard let message = DHCPMessage(bytes) else { return .no }
    return .yes(sentBy: message.isReply ? .server : .client)
  }
}

/// A message (section 2) and those of its options that are read.
struct DHCPMessage {
  private static let head = 240
  private static let cookie: UInt32 = 0x6382_5363

  let isReply: Bool
  let id: UInt64
  /// RFC 2132 section 9.6; 0 for the older protocol, BOOTP.
  private(set) var type: UInt8 = 0
  private(set) var hostName = 0..<0
  private(set) var wanted = 0..<0
  private(set) var server = 0..<0
  private(set) var text = 0..<0

  /// Nil for what is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.head, bytes[0] == 1 || bytes[0] == 2, bytes[2] <= 16,
      bytes.bigEndian32(at: 236) == Self.cookie
    else { return nil }
    isReply = bytes[0] == 2
    id = UInt64(bytes.bigEndian32(at: 4))
    var cursor = ByteCursor(at: Self.head, to: bytes.count)
    while let code = try? cursor.byte(in: bytes), code != 255 {
      if code == 0 { continue }
      guard let count = try? cursor.byte(in: bytes),
        let value = try? cursor.range(of: Int(count), in: bytes)
      else { return }
      switch code {
      case 12: hostName = value
      case 50 where value.count == 4: wanted = value
      case 53 where value.count == 1: type = bytes[value.lowerBound]
      case 54 where value.count == 4: server = value
      case 56: text = value
      default: break
      }
    }
  }

  var typeName: StaticString? {
    switch type {
    case 0: isReply ? "BOOTREPLY" : "BOOTREQUEST"
    case 1: "DISCOVER"
    case 2: "OFFER"
    case 3: "REQUEST"
    case 4: "DECLINE"
    case 5: "ACK"
    case 6: "NAK"
    case 7: "RELEASE"
    case 8: "INFORM"
    default: nil
    }
  }

  /// The two exchanges of a lease have one number.
  var exchange: UInt64 { id | (type == 1 || type == 2 ? 1 << 32 : 0) }
}

/// Reads DHCP: what a client asks is a request, what a server says its response.
struct DHCPParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard let message = DHCPMessage(bytes) else { throw ParseError(at: 0, expected: "a message") }
    let isOneWay = message.type == 4 || message.type == 7
    desk.message = Message(message.isReply ? .response : isOneWay ? .session : .request)
    desk.message.exchange = message.exchange
    desk.message.requestID = message.id
    if message.isReply {
      describe(reply: message, bytes, on: &desk)
    } else {
      describe(request: message, bytes, on: &desk)
    }
    return .message(.bytes(bytes.count))
  }

  private func describe(request message: DHCPMessage, _ bytes: Span<UInt8>, on desk: inout Desk) {
    if let name = message.typeName { desk.message.texts.requestType = desk.fields.append(name) }
    desk.message.texts.endpoint = desk.message.texts.requestType
    desk.message.texts.requestDomain = desk.fields.append(freeText: bytes, at: message.hostName)
    // What it asks for, or has.
    let own: Range<Int> = 12..<16
    let address = message.wanted.isEmpty && bytes.bigEndian32(at: 12) != 0 ? own : message.wanted
    let mark = desk.fields.mark
    desk.fields.push(address: bytes.clipped(address))
    desk.message.texts.requestResource = desk.fields.finish(from: mark)
  }

  private func describe(reply message: DHCPMessage, _ bytes: Span<UInt8>, on desk: inout Desk) {
    let mark = desk.fields.mark
    if let name = message.typeName { desk.fields.push(name) }
    if message.type != 6, bytes.bigEndian32(at: 16) != 0 {
      desk.fields.push(UInt8(ascii: " "))
      desk.fields.push(address: bytes.clipped(16..<20))
    }
    desk.message.texts.responseResult = desk.fields.finish(from: mark)
    guard message.type == 6 else { return }
    desk.message.status = .clientError
    desk.message.texts.responseException =
      message.text.isEmpty
      ? desk.fields.append("NAK") : desk.fields.append(errorText: bytes, at: message.text, .values)
  }
}
