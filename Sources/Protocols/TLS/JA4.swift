// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The fingerprint of a client by its hello: https://github.com/FoxIO-LLC/ja4, technical details of JA4.
/// Programs that use the same library in the same way have the same one.
struct JA4 {
  private static let capacity = 256

  private var values = InlineArray<256, UInt16>(repeating: 0)
  private var count = 0
  /// The characters of the result, of which there are 36.
  private var letters = InlineArray<36, UInt8>(repeating: UInt8(ascii: "0"))
  private var filled = 0

  init(_ hello: TLSClientHello, _ bytes: Span<UInt8>, transport: UInt8) {
    push(transport)
    pushVersion(hello.newestVersion(bytes))
    push(UInt8(ascii: hello.hasServerName ? "d" : "i"))
    collect(hello.ciphers, step: { _, _ in 2 }, of: bytes)
    push(decimal: count)
    let ciphers = digest(signatures: 0..<0, of: bytes)
    collect(
      hello.extensions,
      step: { place, bytes in
        place + 4 <= bytes.count ? 4 + Int(bytes[place + 2]) << 8 + Int(bytes[place + 3]) : 4
      }, of: bytes)
    push(decimal: count)
    pushProtocol(hello.protocols, of: bytes)
    push(UInt8(ascii: "_"))
    for index in 0..<12 { push(ciphers[index]) }
    push(UInt8(ascii: "_"))
    drop { $0 == UInt16(TLSExtension.serverName) || $0 == UInt16(TLSExtension.protocols) }
    let extensions = digest(signatures: hello.signatures, of: bytes)
    for index in 0..<12 { push(extensions[index]) }
  }

  func append(as name: StaticString, on desk: inout Desk) {
    desk.fields.append(attribute: name, letters.span, to: &desk.message.attributes)
  }

  private mutating func push(_ letter: UInt8) {
    guard filled < letters.count else { return }
    letters[filled] = letter
    filled += 1
  }

  private mutating func push(decimal number: Int) {
    let shown = min(number, 99)
    push(UInt8(ascii: "0") + UInt8(shown / 10))
    push(UInt8(ascii: "0") + UInt8(shown % 10))
  }

  private mutating func pushVersion(_ version: Int) {
    let word: StaticString =
      switch version {
      case 0x0304: "13"
      case 0x0303: "12"
      case 0x0302: "11"
      case 0x0301: "10"
      case 0x0300: "s3"
      case 0x0002: "s2"
      case 0xfeff: "d1"
      case 0xfefd: "d2"
      case 0xfefc: "d3"
      default: "00"
      }
    word.withUTF8Buffer { buffer in
      for index in 0..<2 { push(unsafe buffer[index]) }
    }
  }

  /// The first and the last letter of the first protocol's name, or of its digits when one of these is none.
  private mutating func pushProtocol(_ protocols: Range<Int>, of bytes: Span<UInt8>) {
    var cursor = ByteCursor(at: protocols.lowerBound, to: protocols.upperBound)
    guard let length = try? cursor.byte(in: bytes), length > 0,
      let name = try? cursor.range(of: Int(length), in: bytes)
    else {
      push(UInt8(ascii: "0"))
      return push(UInt8(ascii: "0"))
    }
    let (first, last) = (bytes[name.lowerBound], bytes[name.upperBound - 1])
    let areLetters = Self.isLetter(first) && Self.isLetter(last)
    push(areLetters ? first : Self.digit(first >> 4))
    push(areLetters ? last : Self.digit(last & 15))
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// Takes the numbers of two bytes that stand `step` bytes apart, but for those that are made up.
  private mutating func collect(
    _ range: Range<Int>, step: (Int, Span<UInt8>) -> Int, of bytes: Span<UInt8>
  ) {
    count = 0
    var place = range.lowerBound
    while place + 2 <= range.upperBound, count < Self.capacity {
      let value = Int(bytes[place]) << 8 | Int(bytes[place + 1])
      if !TLSClientHello.isGrease(value) {
        values[count] = UInt16(value)
        count += 1
      }
      place += step(place, bytes)
    }
  }

  private mutating func drop(_ isLeftOut: (UInt16) -> Bool) {
    var kept = 0
    for index in 0..<count where !isLeftOut(values[index]) {
      values[kept] = values[index]
      kept += 1
    }
    count = kept
  }

  /// The first digits of the digest of the sorted numbers, and of the signatures as they stand.
  private mutating func digest(
    signatures: Range<Int>, of bytes: Span<UInt8>
  ) -> InlineArray<12, UInt8> {
    var text: InlineArray<12, UInt8> = InlineArray(repeating: UInt8(ascii: "0"))
    guard count > 0 else { return text }
    sort()
    var hash = SHA256()
    for index in 0..<count { Self.update(&hash, Int(values[index]), isFirst: index == 0) }
    var isFirst = true
    for place in stride(from: signatures.lowerBound, to: signatures.upperBound - 1, by: 2) {
      if isFirst { hash.update(UInt8(ascii: "_")) }
      Self.update(&hash, Int(bytes[place]) << 8 | Int(bytes[place + 1]), isFirst: isFirst)
      isFirst = false
    }
    let digest = hash.digest()
    for index in 0..<12 {
      text[index] = Self.digit(index % 2 == 0 ? digest[index / 2] >> 4 : digest[index / 2] & 15)
    }
    return text
  }

  private static func update(_ hash: inout SHA256, _ value: Int, isFirst: Bool) {
    if !isFirst { hash.update(UInt8(ascii: ",")) }
    for shift in stride(from: 12, through: 0, by: -4) {
      hash.update(digit(UInt8(value >> shift & 15)))
    }
  }

  /// By insertion: they are few.
  private mutating func sort() {
    for index in 1..<max(1, count) {
      let value = values[index]
      var place = index
      while place > 0, values[place - 1] > value {
        values[place] = values[place - 1]
        place -= 1
      }
      values[place] = value
    }
  }
}
