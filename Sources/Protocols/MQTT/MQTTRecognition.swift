// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Tells packets of MQTT. A connection begins with CONNECT, which nothing else is; others are short, so
/// that only those which are to be believed to their last byte count, and only on the usual port.
enum MQTTRecognition {
  static func recognize(
    _ bytes: Span<UInt8>, side: Side?, isOwn: Bool, isCut: Bool
  ) -> Recognition {
    switch MQTTPacket.read(bytes) {
    case .malformed: return .no
    case .needMore: return .undecided
    case .packet(let packet):
      if let side, let isClient = packet.kind.sender, isClient != (side == .client) { return .no }
      if packet.kind == .connect { return connect(bytes, packet) }
      let isWhole = bytes.count >= packet.end
      switch fits(bytes, packet) {
      case .no: return .no
      case .undecided: return isCut && !isOwn ? .no : isCut ? sender(packet, side) : .undecided
      case .yes:
        // What follows must be a packet, too.
        let follows =
          !isWhole || bytes.count == packet.end || MQTTPacket.isHead(bytes[packet.end])
        guard follows else { return .no }
        let isSure =
          packet.kind == .subscribe || packet.kind == .unsubscribe || hasProperties(bytes, packet)
        return isOwn || isSure ? sender(packet, side) : .undecided
      }
    }
  }

  /// Whether it is an answer to CONNECT with some properties, as version 5 has them.
  private static func hasProperties(_ bytes: Span<UInt8>, _ packet: MQTTPacket) -> Bool {
    guard packet.kind == .connectAck, packet.remaining > 8, bytes.count == packet.end else {
      return false
    }
    var cursor = MQTTCursor(packet, in: bytes)
    guard cursor.skip(2), let properties = cursor.properties(bytes), cursor.isAtEnd else {
      return false
    }
    return properties.isValid(in: bytes)
  }

  private static func sender(_ packet: MQTTPacket, _ side: Side?) -> Recognition {
    .yes(sentBy: side ?? packet.kind.sender.map { $0 ? .client : .server })
  }

  /// Section 3.1.2: the protocol's name and level, and a flag that is reserved.
  private static func connect(_ bytes: Span<UInt8>, _ packet: MQTTPacket) -> Recognition {
    let names: [(StaticString, ClosedRange<UInt8>)] = [
      ("\0\u{4}MQTT", 4...5), ("\0\u{6}MQIsdp", 3...3),
    ]
    for (name, levels) in names where bytes.hasPrefix(name, at: packet.start) {
      let level = packet.start + name.utf8CodeUnitCount
      guard bytes.count > level + 1 else { return .undecided }
      // Brokers that are bridges set the highest bit.
      return levels.contains(bytes[level] & 0x7f) && bytes[level + 1] & 1 == 0
        ? .yes(sentBy: .client) : .no
    }
    return .no
  }

  enum Fit { case no, undecided, yes }

  /// Whether a packet's fields lie in it as they have to, in one version or the other.
  static func fits(_ bytes: Span<UInt8>, _ packet: MQTTPacket) -> Fit {
    var cursor = MQTTCursor(packet, in: bytes)
    let tooFew: Fit = bytes.count < packet.end ? .undecided : .no
    switch packet.kind {
    case .connect: return .yes
    case .publish:
      guard packet.remaining <= 1 << 24 else { return .no }
      guard let length = cursor.number16(bytes) else { return .undecided }
      let isAcknowledged = packet.qualityOfService > 0
      guard length + (isAcknowledged ? 4 : 2) <= packet.remaining, length > 0 else { return .no }
      let name = bytes.clipped(from: cursor.place, to: cursor.place + length)
      guard isTopic(name, mayHaveWildcards: false) else { return .no }
      if bytes.count < packet.start + 2 + length { return .undecided }
      _ = cursor.skip(length)
      return isAcknowledged && cursor.number16(bytes) == 0 ? .no : .yes
    case .subscribe, .unsubscribe:
      guard let id = cursor.number16(bytes) else { return .undecided }
      guard id != 0, packet.remaining <= 1 << 16 else { return .no }
      if bytes.count < packet.end { return .undecided }
      if filters(cursor, bytes, packet.kind) { return .yes }
      guard let properties = cursor.properties(bytes), properties.isValid(in: bytes) else {
        return .no
      }
      return filters(cursor, bytes, packet.kind) ? .yes : .no
    case .connectAck:
      guard let flags = cursor.byte(bytes), let code = cursor.byte(bytes) else { return tooFew }
      guard flags <= 1, packet.remaining > 2 ? MQTTReason.name(code) != nil || code == 0 : code <= 5
      else { return .no }
      return packet.remaining < 1 << 12 ? .yes : .no
    case .publishAck, .publishReceived, .publishRelease, .publishComplete:
      guard let id = cursor.number16(bytes) else { return tooFew }
      guard id != 0, packet.remaining <= 1 << 12 else { return .no }
      if packet.remaining == 2 { return .yes }
      guard let code = cursor.byte(bytes) else { return tooFew }
      return code == 0 || code == 0x10 || MQTTReason.name(code) != nil ? .yes : .no
    case .subscribeAck, .unsubscribeAck:
      guard let id = cursor.number16(bytes) else { return tooFew }
      return id != 0 && packet.remaining <= 1 << 12 ? .yes : .no
    case .pingRequest, .pingResponse: return .yes
    case .disconnect, .authenticate: return packet.remaining < 1 << 12 ? .yes : .no
    }
  }

  /// Whether topics, with options where they are subscribed to, reach to the end.
  private static func filters(
    _ start: MQTTCursor, _ bytes: Span<UInt8>, _ kind: MQTTPacket.Kind
  ) -> Bool {
    var cursor = start
    var count = 0
    while !cursor.isAtEnd {
      guard let filter = cursor.text(bytes), !filter.isEmpty,
        isTopic(bytes.clipped(filter), mayHaveWildcards: true)
      else { return false }
      if kind == .subscribe {
        guard let options = cursor.byte(bytes), options & 3 != 3, options < 0x40 else {
          return false
        }
      }
      count += 1
    }
    return count > 0
  }

  static func isTopic(_ name: Span<UInt8>, mayHaveWildcards: Bool) -> Bool {
    for index in name.indices {
      let byte = name[index]
      if byte < 0x20 || byte == 0x7f || byte >= 0xf8 { return false }
      if !mayHaveWildcards, byte == UInt8(ascii: "#") || byte == UInt8(ascii: "+") { return false }
    }
    return true
  }
}
