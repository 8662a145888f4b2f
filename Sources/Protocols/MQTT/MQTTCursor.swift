// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over the fields of a packet; nil where they do not lie in it, or not in view.
struct MQTTCursor {
  private(set) var place: Int
  let end: Int

  init(_ packet: MQTTPacket, in bytes: Span<UInt8>) {
    place = packet.start
    end = min(packet.end, bytes.count)
  }

  private init(place: Int, end: Int) {
    self.place = place
    self.end = end
  }

  var isAtEnd: Bool { place >= end }

  mutating func byte(_ bytes: Span<UInt8>) -> UInt8? {
    guard place < end else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func number16(_ bytes: Span<UInt8>) -> Int? {
    guard place + 2 <= end else { return nil }
    defer { place += 2 }
    return Int(bytes[place]) << 8 | Int(bytes[place + 1])
  }

  /// A text, or binary data: both have a length of two bytes in front.
  mutating func text(_ bytes: Span<UInt8>) -> Range<Int>? {
    guard let length = number16(bytes), place + length <= end else { return nil }
    defer { place += length }
    return place..<(place + length)
  }

  mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, count <= end - place else { return false }
    place += count
    return true
  }

  mutating func variable(_ bytes: Span<UInt8>) -> Int? {
    var value = 0
    for shift in stride(from: 0, through: 21, by: 7) {
      guard let byte = byte(bytes) else { return nil }
      value |= Int(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  /// The properties that stand here, and moves behind them.
  mutating func properties(_ bytes: Span<UInt8>) -> MQTTProperties? {
    guard let length = variable(bytes) else { return nil }
    let inner = MQTTCursor(place: place, end: min(end, place + length))
    guard skip(length) else { return nil }
    return MQTTProperties(inner)
  }
}

/// The properties of a packet of version 5, section 2.2.2.
struct MQTTProperties {
  private var cursor: MQTTCursor

  struct Property {
    let identifier: Int
    /// The value; of user properties the name is in front of it.
    var name: Range<Int> = 0..<0
    var value: Range<Int>
  }

  init(_ cursor: MQTTCursor) { self.cursor = cursor }

  static let userProperty = 0x26
  static let reason = 0x1f
  static let topicAlias = 0x23

  /// The next one; nil at the end, and at one that is not known.
  mutating func next(in bytes: Span<UInt8>) -> Property? {
    guard let identifier = cursor.variable(bytes) else { return nil }
    let start = cursor.place
    switch identifier {
    case 0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a: guard cursor.skip(1) else { return nil }
    case 0x13, 0x21, 0x22, 0x23: guard cursor.skip(2) else { return nil }
    case 0x02, 0x11, 0x18, 0x27: guard cursor.skip(4) else { return nil }
    case 0x0b: guard cursor.variable(bytes) != nil else { return nil }
    case 0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f:
      guard let text = cursor.text(bytes) else { return nil }
      return Property(identifier: identifier, value: text)
    case Self.userProperty:
      guard let name = cursor.text(bytes), let value = cursor.text(bytes) else { return nil }
      return Property(identifier: identifier, name: name, value: value)
    default: return nil
    }
    return Property(identifier: identifier, value: start..<cursor.place)
  }

  /// Whether all of them are such.
  func isValid(in bytes: Span<UInt8>) -> Bool {
    var rest = self
    while rest.next(in: bytes) != nil {}
    return rest.cursor.isAtEnd
  }
}
