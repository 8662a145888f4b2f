// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MQTTParser {
  /// Acknowledgements: which request they are of, and how it went.
  mutating func readAnswer(_ bytes: Span<UInt8>, _ packet: MQTTPacket, on desk: inout Desk) {
    desk.message.kind = .response
    var cursor = MQTTCursor(packet, in: bytes)
    if packet.kind == .pingResponse {
      desk.message.exchange = Self.key(.pingRequest, 0)
      return
    }
    if packet.kind == .connectAck {
      desk.message.exchange = Self.key(.connect, 0)
      // Version 5 has properties, if only the length of none.
      if level == 0, packet.remaining > 2 { level = 5 }
      guard cursor.byte(bytes) != nil, let code = cursor.byte(bytes) else {
        desk.message.status = .unknown
        return
      }
      if level == 5 {
        write(reason: code, status: MQTTReason.status(code), MQTTReason.name(code), on: &desk)
      } else {
        let status = MQTTReason.olderStatus(code)
        write(reason: code, status: status, MQTTReason.olderName(code), on: &desk)
      }
      return
    }
    guard let identifier = cursor.number16(bytes) else {
      desk.message.status = .unknown
      return
    }
    desk.message.exchange = Self.key(Self.asked(packet.kind), identifier)
    desk.message.requestID = UInt64(identifier)
    switch packet.kind {
    case .subscribeAck, .unsubscribeAck: readReasons(cursor, bytes, packet, on: &desk)
    default:
      guard packet.remaining > 2, let code = cursor.byte(bytes) else { return }
      write(reason: code, status: MQTTReason.status(code), MQTTReason.name(code), on: &desk)
    }
  }

  private static func asked(_ kind: MQTTPacket.Kind) -> MQTTPacket.Kind {
    switch kind {
    case .publishComplete: .publishRelease
    case .subscribeAck: .subscribe
    case .unsubscribeAck: .unsubscribe
    default: .publish
    }
  }

  /// A code for each topic; the first that refuses counts.
  private func readReasons(
    _ start: MQTTCursor, _ bytes: Span<UInt8>, _ packet: MQTTPacket, on desk: inout Desk
  ) {
    var cursor = start
    if level == 5, cursor.properties(bytes) == nil { return }
    guard let first = cursor.byte(bytes) else { return }
    var code = first
    while code < 0x80, let next = cursor.byte(bytes) { code = next }
    if code < 0x80 { code = first }
    let name: StaticString? = level == 5 ? MQTTReason.name(code) : "subscription refused"
    let status: ResponseStatus = level == 5 ? MQTTReason.status(code) : .clientError
    write(reason: code, status: code < 0x80 ? .ok : status, name, on: &desk)
  }
}
