// SPDX-License-Identifier: Apache-2.0

@testable import Protocols

/// Takes all fields of blocks, as `name: value`; those that are unknown have no value, or not even a name.
struct Fields: HeaderSink {
  private var names: [String] = []
  private var kinds: [String: UInt8] = [:]
  private(set) var found: [String] = []

  mutating func kind(of name: Span<UInt8>) -> UInt8 { kind(Self.text(name)) }

  mutating func kind(ofStatic number: Int) -> UInt8 {
    kind("\(HPACKStaticTable.fields[number].name)")
  }

  private mutating func kind(_ name: String) -> UInt8 {
    if let known = kinds[name] { return known }
    guard names.count < 250 else { return 0 }
    names.append(name)
    kinds[name] = UInt8(names.count)
    return UInt8(names.count)
  }

  mutating func take(_ kind: UInt8, _ value: Span<UInt8>, isCut: Bool) {
    found.append("\(names[Int(kind) - 1]): \(isCut ? "?" : Self.text(value))")
  }

  mutating func takeUnknown(_ kind: UInt8) {
    found.append(kind == 0 ? "?: ?" : "\(names[Int(kind) - 1]): ?")
  }

  /// The fields since this was asked.
  mutating func taken() -> [String] {
    defer { found = [] }
    return found
  }

  private static func text(_ bytes: Span<UInt8>) -> String {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    return String(decoding: copy, as: UTF8.self)
  }
}

/// One direction whose blocks are decoded one after another.
struct Blocks {
  var decoder = HPACKDecoder()
  var fields = Fields()
  private var scratch = [UInt8](repeating: 0, count: 65_536)

  init(fromTheStart: Bool = true) {
    if fromTheStart { decoder.begin() }
  }

  /// The fields of `block`, or nil when they are none.
  mutating func decode(_ block: [UInt8], isCut: Bool = false) -> [String]? {
    do throws(HPACKFault) {
      try decoder.decode(block.span, isCut: isCut, scratch: &scratch, to: &fields)
    } catch {
      _ = fields.taken()
      return nil
    }
    return fields.taken()
  }

  mutating func decode(hex: String) -> [String]? { decode(bytes(hex)) }
}

/// Bytes as hexadecimal digits, with spaces between them or not.
func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}
