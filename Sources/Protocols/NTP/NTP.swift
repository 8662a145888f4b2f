// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Network Time Protocol, versions 1 to 4: RFC 5905. An answer repeats the time at which it was asked.
package struct NTP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 205), name: "NTP", transports: [.udp],
    pairing: .identifier, timeoutSeconds: 15, defaultPorts: [123], sureness: 80)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { NTPParser() }

  /// Clients and servers, which say a small stratum, and on its own port what manages them.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet { [3, 4].contains($0 & 7) && 1...4 ~= $0 >> 3 & 7 }, at: 0)
      .with(ByteSet(0...16), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard let head = NTPHead(bytes) else { return .no }
    let isOnOwnPort = descriptor.defaultPorts.contains(context.serverPort)
    switch head.mode {
    case 3, 4:
      guard head.isPlausible(bytes, isOnOwnPort: isOnOwnPort) else { return .no }
      return .yes(sentBy: head.mode == 3 ? .client : .server)
    case 6, 7: return isOnOwnPort ? .yes(sentBy: head.isAnswer ? .server : .client) : .no
    default: return .no
    }
  }
}

/// The front of a packet (section 7.3), or of one that manages a server (RFC 9327 section 2).
struct NTPHead {
  static let size = 48

  let version: UInt8
  /// 3 of a client, 4 of a server, 6 and 7 of those who manage one.
  let mode: UInt8
  let isAnswer: Bool
  let exchange: UInt64

  /// Nil for what is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= 8 else { return nil }
    version = bytes[0] >> 3 & 7
    mode = bytes[0] & 7
    guard 1...4 ~= version else { return nil }
    switch mode {
    case 3, 4:
      guard bytes.count >= Self.size else { return nil }
      isAnswer = mode == 4
      // What a server calls the origin is when the client says that it sent.
      let place = isAnswer ? 24 : 40
      exchange =
        UInt64(bytes.bigEndian32(at: place)) << 32 | UInt64(bytes.bigEndian32(at: place + 4))
    case 6:
      isAnswer = bytes[1] & 0x80 != 0
      exchange = 6 << 32 | UInt64(bytes[2]) << 8 | UInt64(bytes[3])
    case 7:
      isAnswer = bytes[0] & 0x80 != 0
      exchange = 7 << 32 | UInt64(bytes[3])
    default: return nil
    }
  }

  /// Whether the numbers are those of clocks.
  func isPlausible(_ bytes: Span<UInt8>, isOnOwnPort: Bool) -> Bool {
    // Extensions and a digest behind it fill words.
    guard bytes.count % 4 == 0, bytes.count <= 1_024, bytes[1] <= 16 else { return false }
    // Some clients tell nothing of their clocks and write 32 as the precision.
    let poll = Int8(bitPattern: bytes[2])
    guard -8...17 ~= poll, Int8(bitPattern: bytes[3]) <= 32 else { return false }
    if isOnOwnPort { return true }
    // Since 1968, as the highest bit says; a client that knows no time yet says none.
    let sent = bytes[40] >= 0x80
    guard isAnswer else {
      return bytes.count == Self.size && sent && bytes.bigEndian32(at: 24) == 0
        && bytes.bigEndian32(at: 32) == 0
    }
    // It sends soon after it has received.
    let spent = bytes.bigEndian32(at: 40) &- bytes.bigEndian32(at: 32)
    return sent && bytes.count == Self.size && spent <= 4 && bytes[1] > 0 && bytes[1] < 16
  }
}

/// Reads NTP: each question is a request, each answer a response.
struct NTPParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard let head = NTPHead(bytes) else {
      // Peers, and what is told to everybody.
      if bytes.count >= NTPHead.size, [1, 2, 5].contains(bytes[0] & 7) {
        return .skip(bytes.count)
      }
      throw ParseError(at: 0, expected: "a packet")
    }
    desk.message = Message(head.isAnswer ? .response : .request)
    desk.message.exchange = head.exchange
    desk.message.length = Int64(bytes.count)
    if head.isAnswer {
      if head.mode == 4 { describe(answer: bytes, on: &desk) }
    } else {
      let version = desk.fields.mark
      desk.fields.push(decimal: UInt64(head.version))
      desk.message.texts.version = desk.fields.finish(from: version)
      let type: StaticString = head.mode == 3 ? "Client" : head.mode == 6 ? "Control" : "Private"
      desk.message.texts.requestType = desk.fields.append(type)
      desk.message.texts.endpoint = desk.message.texts.requestType
    }
    return .message(.bytes(bytes.count))
  }

  /// How far it is from a clock; or, at 0, why there is no answer (section 7.4).
  private func describe(answer bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.code = Int32(bytes[1])
    guard bytes[1] == 0 else {
      desk.fields.append(
        attribute: "ntp.stratum", number: Int64(bytes[1]), to: &desk.message.attributes)
      return
    }
    desk.message.status = .clientError
    var isText = true
    for index in 12..<16 where (bytes[index] | 0x20) &- 0x61 >= 26 { isText = false }
    if isText { desk.message.texts.responseException = desk.fields.append(bytes.clipped(12..<16)) }
  }
}
