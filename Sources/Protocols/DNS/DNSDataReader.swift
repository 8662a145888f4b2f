// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Writes the data of a record field by field, as far as it is well formed.
struct DNSDataReader: ~Escapable {
  private let message: Span<UInt8>
  private var offset: Int
  private let end: Int

  /// The data lies at `range` of a message; names in it may point to what comes before.
  @_lifetime(copy message)
  init(_ message: Span<UInt8>, _ range: Range<Int>) {
    self.message = message
    offset = range.lowerBound
    end = range.upperBound
  }

  @_lifetime(self: copy self)
  mutating func push(_ form: [DNSData.Field], into fields: inout FieldBuffer) {
    for (index, field) in form.enumerated() {
      let mark = fields.mark
      if index > 0 { fields.push(UInt8(ascii: " ")) }
      guard !push(field, into: &fields) else { continue }
      // Nothing of the field is there.
      if index > 0, fields.mark == mark + 1 { fields.cut(to: mark) }
      return
    }
  }

  /// Writes a field; false when the data does not hold it.
  @_lifetime(self: copy self)
  private mutating func push(_ field: DNSData.Field, into fields: inout FieldBuffer) -> Bool {
    switch field {
    case .number8: pushNumber(1, into: &fields)
    case .number16: pushNumber(2, into: &fields)
    case .number32: pushNumber(4, into: &fields)
    case .name: pushName(into: &fields)
    case .address: pushRest(.address, into: &fields)
    case .string: pushString(isQuoted: true, into: &fields)
    case .word: pushString(isQuoted: false, into: &fields)
    case .strings: pushStrings(into: &fields)
    case .text, .hexadecimal, .base64, .unknown: pushRest(field, into: &fields)
    case .salt, .hash: pushCounted(field, into: &fields)
    case .type: pushType(into: &fields)
    case .types: pushTypes(into: &fields)
    case .parameters: pushParameters(into: &fields)
    }
  }

  private var left: Int { end - offset }

  @_lifetime(self: copy self)
  private mutating func take(_ count: Int) -> UInt64? {
    guard left >= count else { return nil }
    var value: UInt64 = 0
    for index in offset..<(offset + count) { value = value << 8 | UInt64(message[index]) }
    offset += count
    return value
  }

  /// The place of bytes that their length stands before.
  @_lifetime(self: copy self)
  private mutating func takeCounted() -> Range<Int>? {
    guard let count = take(1), left >= count else { return nil }
    defer { offset += Int(count) }
    return offset..<(offset + Int(count))
  }

  @_lifetime(self: copy self)
  private mutating func pushNumber(_ count: Int, into fields: inout FieldBuffer) -> Bool {
    guard let value = take(count) else { return false }
    fields.push(decimal: value)
    return true
  }

  @_lifetime(self: copy self)
  private mutating func pushName(into fields: inout FieldBuffer) -> Bool {
    let start = offset
    guard let next = DNSName.end(message, from: start), next <= end else {
      // A name that goes on behind the data is written all the same.
      _ = start < end && DNSName.push(message, from: start, into: &fields)
      return false
    }
    offset = next
    return DNSName.push(message, from: start, into: &fields)
  }

  @_lifetime(self: copy self)
  private mutating func pushString(isQuoted: Bool, into fields: inout FieldBuffer) -> Bool {
    guard let range = takeCounted() else { return false }
    let text = message.clipped(range)
    if isQuoted {
      DNSText.push(quoted: text, into: &fields)
    } else {
      DNSText.push(text, into: &fields)
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func pushStrings(into fields: inout FieldBuffer) -> Bool {
    let first = offset
    while left > 0 {
      if offset > first { fields.push(UInt8(ascii: " ")) }
      guard pushString(isQuoted: true, into: &fields) else { return false }
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func pushRest(
    _ field: DNSData.Field, into fields: inout FieldBuffer
  ) -> Bool {
    let rest = message.clipped(from: offset, to: end)
    offset = end
    switch field {
    case .address: fields.push(address: rest)
    case .text: DNSText.push(quoted: rest, into: &fields)
    case .base64: DNSText.push(rest, bitsOfLetter: 6, into: &fields)
    case .hexadecimal: DNSText.push(hexadecimal: rest, into: &fields)
    default:
      fields.push("\\# ")
      fields.push(decimal: UInt64(rest.count))
      fields.push(UInt8(ascii: " "))
      DNSText.push(hexadecimal: rest, into: &fields)
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func pushCounted(
    _ field: DNSData.Field, into fields: inout FieldBuffer
  ) -> Bool {
    guard let range = takeCounted() else { return false }
    let bytes = message.clipped(range)
    if case .hash = field {
      DNSText.push(bytes, bitsOfLetter: 5, into: &fields)
    } else if bytes.isEmpty {
      fields.push(UInt8(ascii: "-"))
    } else {
      DNSText.push(hexadecimal: bytes, into: &fields)
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func pushType(into fields: inout FieldBuffer) -> Bool {
    guard let type = take(2) else { return false }
    DNSRecord.push(type: UInt16(type), into: &fields)
    return true
  }

  /// The types of a bit map, RFC 4034 section 4.1.2.
  @_lifetime(self: copy self)
  private mutating func pushTypes(into fields: inout FieldBuffer) -> Bool {
    var isFirst = true
    while left > 0 {
      guard let window = take(1), let map = takeCounted() else { return false }
      for index in map {
        for bit in 0..<8 where message[index] << UInt8(bit) & 0x80 != 0 {
          if !isFirst { fields.push(UInt8(ascii: " ")) }
          isFirst = false
          let type = Int(window) << 8 + (index - map.lowerBound) * 8 + bit
          DNSRecord.push(type: UInt16(truncatingIfNeeded: type), into: &fields)
        }
      }
    }
    return true
  }
}

/// The parameters of service bindings, RFC 9460 sections 7 and 14.3.2.
extension DNSDataReader {
  @_lifetime(self: copy self)
  fileprivate mutating func pushParameters(into fields: inout FieldBuffer) -> Bool {
    let first = offset
    while left > 0 {
      if offset > first { fields.push(UInt8(ascii: " ")) }
      guard let key = take(2), let count = take(2), left >= count else { return false }
      var value = DNSDataReader(message, offset..<(offset + Int(count)))
      offset += Int(count)
      value.push(parameter: UInt16(key), into: &fields)
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func push(parameter key: UInt16, into fields: inout FieldBuffer) {
    Self.push(key: key, into: &fields)
    guard left > 0 else { return }
    fields.push(UInt8(ascii: "="))
    let first = offset
    while left > 0 {
      if offset > first { fields.push(UInt8(ascii: ",")) }
      switch key {
      case 0:
        guard let mandatory = take(2) else { return }
        Self.push(key: UInt16(mandatory), into: &fields)
      case 1: guard pushString(isQuoted: false, into: &fields) else { return }
      case 3: guard pushNumber(2, into: &fields) else { return }
      case 4: guard pushAddress(4, into: &fields) else { return }
      case 6: guard pushAddress(16, into: &fields) else { return }
      case 5: guard pushRest(.base64, into: &fields) else { return }
      default: guard pushRest(.text, into: &fields) else { return }
      }
    }
  }

  @_lifetime(self: copy self)
  private mutating func pushAddress(_ count: Int, into fields: inout FieldBuffer) -> Bool {
    guard left >= count else { return false }
    fields.push(address: message.clipped(from: offset, to: offset + count))
    offset += count
    return true
  }

  private static func push(key: UInt16, into fields: inout FieldBuffer) {
    switch key {
    case 0: fields.push("mandatory")
    case 1: fields.push("alpn")
    case 2: fields.push("no-default-alpn")
    case 3: fields.push("port")
    case 4: fields.push("ipv4hint")
    case 5: fields.push("ech")
    case 6: fields.push("ipv6hint")
    case 7: fields.push("dohpath")
    default:
      fields.push("key")
      fields.push(decimal: UInt64(key))
    }
  }
}
