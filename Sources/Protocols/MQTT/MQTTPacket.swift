// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The fixed header of a packet, section 2.1.
struct MQTTPacket {
  enum Kind: UInt8 {
    case connect = 1
    case connectAck, publish, publishAck, publishReceived, publishRelease, publishComplete
    case subscribe, subscribeAck, unsubscribe, unsubscribeAck, pingRequest, pingResponse
    case disconnect, authenticate

    var name: StaticString {
      switch self {
      case .connect: "CONNECT"
      case .connectAck: "CONNACK"
      case .publish: "PUBLISH"
      case .publishAck: "PUBACK"
      case .publishReceived: "PUBREC"
      case .publishRelease: "PUBREL"
      case .publishComplete: "PUBCOMP"
      case .subscribe: "SUBSCRIBE"
      case .subscribeAck: "SUBACK"
      case .unsubscribe: "UNSUBSCRIBE"
      case .unsubscribeAck: "UNSUBACK"
      case .pingRequest: "PINGREQ"
      case .pingResponse: "PINGRESP"
      case .disconnect: "DISCONNECT"
      case .authenticate: "AUTH"
      }
    }

    /// Whether only this side may say it; nil when both may.
    var sender: Bool? {
      switch self {
      case .connect, .subscribe, .unsubscribe, .pingRequest: true
      case .connectAck, .subscribeAck, .unsubscribeAck, .pingResponse: false
      default: nil
      }
    }

    /// Bytes behind the header, at least.
    var least: Int {
      switch self {
      case .connect: 10
      case .subscribe, .publish: 3
      case .connectAck, .publishAck, .publishReceived, .publishRelease, .publishComplete,
        .unsubscribeAck, .unsubscribe:
        2
      case .subscribeAck: 3
      case .pingRequest, .pingResponse, .disconnect, .authenticate: 0
      }
    }
  }

  let kind: Kind
  let flags: UInt8
  /// Where what is behind the header begins.
  let start: Int
  /// How many bytes that are.
  let remaining: Int

  var end: Int { start + remaining }
  var qualityOfService: UInt8 { flags >> 1 & 3 }

  enum Reading {
    case packet(MQTTPacket)
    case needMore
    case malformed
  }

  static func read(_ bytes: Span<UInt8>) -> Reading {
    guard bytes.count > 0 else { return .needMore }
    guard isHead(bytes[0]), let kind = Kind(rawValue: bytes[0] >> 4) else { return .malformed }
    // A variable byte integer of at most four, section 1.5.5.
    var remaining = 0
    var index = 1
    while true {
      guard index < bytes.count else { return .needMore }
      let byte = bytes[index]
      remaining |= Int(byte & 0x7f) << (7 * (index - 1))
      index += 1
      if byte < 0x80 { break }
      if index == 5 { return .malformed }
    }
    guard remaining >= kind.least else { return .malformed }
    let isPing = kind == .pingRequest || kind == .pingResponse
    if isPing && remaining > 0 { return .malformed }
    return .packet(
      MQTTPacket(kind: kind, flags: bytes[0] & 0xf, start: index, remaining: remaining))
  }

  /// Whether a packet may begin with this byte: most flags are reserved (section 2.1.3).
  static func isHead(_ byte: UInt8) -> Bool {
    switch byte >> 4 {
    case 0: false
    case 3: byte & 6 != 6
    case 6, 8, 10: byte & 0xf == 2
    default: byte & 0xf == 0
    }
  }
}
