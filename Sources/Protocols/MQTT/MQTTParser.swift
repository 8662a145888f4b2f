// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads MQTT: what is acknowledged is a request, its acknowledgement the response; what is not is
/// one-way. Either side publishes.
///
/// The resource is the topic, or the topics that are subscribed to; the domain of CONNECT is the client's
/// id. Of what is published nothing is told but its topic, and ids of traces in user properties.
struct MQTTParser: ProtocolParser {
  /// Bytes of a packet that are looked at, at most.
  static let reach = 4_096

  /// The level of the protocol, 3 to 5; 0 when CONNECT was not seen.
  var level: UInt8 = 0
  var aliases = MQTTAliases()

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    let packet: MQTTPacket
    switch MQTTPacket.read(bytes) {
    case .needMore: return view.isFinal ? .skip(bytes.count) : .needMore()
    case .malformed: throw ParseError(at: 0, expected: "a packet's header")
    case .packet(let read): packet = read
    }
    if let isClient = packet.kind.sender, isClient != (side == .client) {
      throw ParseError(at: 0, expected: "a packet of this side")
    }
    if desk.mayBeInside { try expectPacket(bytes, packet) }
    let wanted = packet.start + min(packet.remaining, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(.request)
    desk.message.length = Int64(packet.remaining)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    switch packet.kind {
    case .connect: try readConnect(window, packet, on: &desk)
    case .publish: readPublish(window, packet, side, on: &desk)
    case .subscribe, .unsubscribe: readSubscription(window, packet, on: &desk)
    case .publishRelease: readIdentifier(window, packet, on: &desk)
    case .pingRequest: desk.message.exchange = Self.key(.pingRequest, 0)
    case .disconnect, .authenticate: readSession(window, packet, side, on: &desk)
    default: readAnswer(window, packet, on: &desk)
    }
    if desk.message.kind != .response { describe(packet, side, on: &desk) }
    return .message(.bytes(packet.end))
  }

  package mutating func bytesWereLost(from side: Side) { aliases.forget(side) }

  /// Behind lost bytes a packet has to fit, and another one to follow it where more is in view.
  private func expectPacket(_ bytes: Span<UInt8>, _ packet: MQTTPacket) throws(ParseError) {
    let follows = bytes.count <= packet.end || MQTTPacket.isHead(bytes[packet.end])
    guard MQTTRecognition.fits(bytes, packet) != .no, follows else {
      throw ParseError(at: 0, expected: "a packet")
    }
  }

  /// By which a request of this kind is found by its answer.
  static func key(_ kind: MQTTPacket.Kind, _ identifier: Int) -> UInt64 {
    UInt64(kind.rawValue) << 16 | UInt64(identifier)
  }

  private func describe(_ packet: MQTTPacket, _ side: Side, on desk: inout Desk) {
    desk.message.texts.requestType = desk.fields.append(packet.kind.name)
    if desk.message.texts.endpoint.isEmpty {
      desk.message.texts.endpoint = desk.message.texts.requestType
    }
    if side == .server { desk.message.isPush = true }
    switch level {
    case 3: desk.message.texts.version = desk.fields.append("3.1")
    case 4: desk.message.texts.version = desk.fields.append("3.1.1")
    case 5: desk.message.texts.version = desk.fields.append("5")
    default: break
    }
  }

  /// PUBREL, which goes on with a message that is delivered exactly once.
  private func readIdentifier(_ bytes: Span<UInt8>, _ packet: MQTTPacket, on desk: inout Desk) {
    var cursor = MQTTCursor(packet, in: bytes)
    let identifier = cursor.number16(bytes) ?? 0
    desk.message.exchange = Self.key(packet.kind, identifier)
    desk.message.requestID = UInt64(identifier)
  }

  /// DISCONNECT and AUTH, which version 5 gives a reason.
  private func readSession(
    _ bytes: Span<UInt8>, _ packet: MQTTPacket, _ side: Side, on desk: inout Desk
  ) {
    desk.message.kind = .session
    var cursor = MQTTCursor(packet, in: bytes)
    guard packet.remaining > 0, let code = cursor.byte(bytes) else { return }
    // The client leaves its will behind, or goes on with its authentication: no errors.
    write(reason: code, status: MQTTReason.status(code), MQTTReason.name(code), on: &desk)
  }

  func write(
    reason code: UInt8, status: ResponseStatus, _ name: StaticString?, on desk: inout Desk
  ) {
    desk.message.code = Int32(code)
    desk.message.status = status
    guard status != .ok else { return }
    let mark = desk.fields.mark
    if let name {
      desk.fields.push(name)
    } else {
      desk.fields.push("reason ")
      desk.fields.push(decimal: UInt64(code))
    }
    desk.message.texts.responseException = desk.fields.finish(from: mark)
  }
}
