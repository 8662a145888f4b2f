// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A domain name in a message, RFC 1035 sections 3.1 and 4.1.4.
enum DNSName {
  /// The most bytes that a name takes on the wire, which bounds every walk.
  static let limit = 255

  /// Where the name at `start` ends in the message; nil when it is cut or malformed. Follows no
  /// compression pointer, so it looks at nothing that comes before.
  static func end(_ message: Span<UInt8>, from start: Int) -> Int? {
    var offset = start
    while offset < message.count, offset - start < limit {
      let length = Int(message[offset])
      switch length {
      case 0: return offset + 1
      case 1...63: offset += 1 + length
      case 0xC0...: return offset + 2 <= message.count ? offset + 2 : nil
      default: return nil
      }
    }
    return nil
  }

  /// Whether the labels at `start` are made of what host and service names are made of. Strict enough
  /// to tell a name from noise; a name from multicast DNS may also hold spaces and UTF-8.
  static func isPrintable(_ message: Span<UInt8>, from start: Int, to end: Int) -> Bool {
    var offset = start
    while offset < end, message[offset] > 0, message[offset] < 64 {
      let next = offset + 1 + Int(message[offset])
      guard next <= end else { return false }
      for index in (offset + 1)..<next where message[index] < 0x20 || message[index] == 0x7F {
        return false
      }
      offset = next
    }
    return true
  }

  /// Writes the name at `start` in dotted form (`.` for the root), following pointers. False when it
  /// is cut or malformed; what was pushed until then is to be dropped by the caller.
  ///
  /// A pointer must lead to before the labels it stands in for, so that a walk always ends.
  static func push(_ message: Span<UInt8>, from start: Int, into fields: inout FieldBuffer) -> Bool
  {
    var offset = start
    var lowest = start
    var written = 0
    while offset < message.count {
      let length = Int(message[offset])
      switch length {
      case 0:
        if written == 0 { fields.push(UInt8(ascii: ".")) }
        return true
      case 1...63:
        let end = offset + 1 + length
        guard end <= message.count, written + length < limit else { return false }
        if written > 0 { fields.push(UInt8(ascii: ".")) }
        push(label: message.clipped(from: offset + 1, to: end), into: &fields)
        written += length + 1
        offset = end
      case 0xC0...:
        guard offset + 1 < message.count else { return false }
        let target = (length & 0x3F) << 8 | Int(message[offset + 1])
        guard target < lowest, target >= DNSHeader.size else { return false }
        lowest = target
        offset = target
      default:
        return false
      }
    }
    return false
  }

  /// A byte that would be mistaken in dotted form, or is none of a text in UTF-8 (RFC 6762 section 16),
  /// is written `\DDD`, RFC 4343 section 2.1.
  private static func push(label: Span<UInt8>, into fields: inout FieldBuffer) {
    var isPlain = true
    for index in label.indices where isMistakable(label[index]) { isPlain = false }
    if isPlain { return fields.push(label) }
    var index = 0
    while index < label.count {
      let length = label[index] < 0x80 ? 1 : DNSText.characterLength(label, at: index)
      if length == 0 || label[index] < 0x80 && isMistakable(label[index]) {
        DNSText.push(escaped: label[index], into: &fields)
        index += 1
      } else {
        fields.push(label.clipped(from: index, to: index + length))
        index += length
      }
    }
  }

  @inline(__always)
  private static func isMistakable(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "\\")
  }

  /// A number for the name at `start`, the same in whatever case its letters are; nil when it is cut,
  /// or not written out.
  static func number(_ message: Span<UInt8>, from start: Int) -> UInt32? {
    guard let end = end(message, from: start) else { return nil }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var offset = start
    while offset < end, message[offset] > 0 {
      guard message[offset] < 64 else { return nil }
      for index in offset...(offset + Int(message[offset])) {
        let byte = message[index]
        let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
        hash = (hash ^ UInt64(folded)) &* 0x0000_0100_0000_01b3
      }
      offset += 1 + Int(message[offset])
    }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }
}
