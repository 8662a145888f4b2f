// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A question or a resource record as it lies in a message, RFC 1035 sections 4.1.2 and 4.1.3.
struct DNSRecord {
  /// Where the name begins.
  var name: Int
  var type: UInt16
  var recordClass: UInt16
  /// Seconds; for OPT (RFC 6891) extended flags. 0 for a question.
  var timeToLive: UInt32 = 0
  /// Empty for a question.
  var data: Range<Int>
  /// Where the next one begins.
  var end: Int

  /// Reads the question at `start`; nil when it is cut or malformed.
  init?(question start: Int, in message: Span<UInt8>) {
    guard let end = DNSName.end(message, from: start), end + 4 <= message.count else { return nil }
    name = start
    type = Self.number(message, at: end)
    recordClass = Self.number(message, at: end + 2)
    data = (end + 4)..<(end + 4)
    self.end = end + 4
  }

  /// Reads the resource record at `start`; nil when it is cut or malformed.
  init?(record start: Int, in message: Span<UInt8>) {
    guard let question = DNSRecord(question: start, in: message),
      question.end + 6 <= message.count
    else { return nil }
    self = question
    let high = UInt32(Self.number(message, at: question.end))
    timeToLive = high << 16 | UInt32(Self.number(message, at: question.end + 2))
    let start = question.end + 6
    let end = start + Int(Self.number(message, at: question.end + 4))
    guard end <= message.count else { return nil }
    data = start..<end
    self.end = end
  }

  /// Whether the class is one that is in use: IN, CH, HS, NONE, ANY; the high bit is multicast DNS's.
  var hasKnownClass: Bool {
    switch recordClass & 0x7FFF {
    case 1, 3, 4, 254, 255: true
    default: false
    }
  }

  /// Writes `TYPE=value TTL=n`.
  func push(_ message: Span<UInt8>, into fields: inout FieldBuffer) {
    Self.push(type: type, into: &fields)
    fields.push(UInt8(ascii: "="))
    var reader = DNSDataReader(message, data)
    reader.push(DNSData.form(of: type, count: data.count), into: &fields)
    fields.push(" TTL=")
    fields.push(decimal: UInt64(timeToLive))
  }

  /// Writes the type's mnemonic, or `TYPEn` (RFC 3597 section 5).
  static func push(type: UInt16, into fields: inout FieldBuffer) {
    if let name = DNSType.name(type) {
      fields.push(name)
    } else {
      fields.push("TYPE")
      fields.push(decimal: UInt64(type))
    }
  }

  private static func number(_ bytes: Span<UInt8>, at offset: Int) -> UInt16 {
    UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }
}
