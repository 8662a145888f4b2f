// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Members of an object. A key is written as it stands, with the comma before and the colon behind;
/// one whose value is its column's default is left out.
extension LineWriter {
  @inline(__always)
  mutating func member(_ key: StaticString, _ value: UInt64) {
    guard value != 0 else { return }
    raw(key)
    number(value)
  }

  @inline(__always)
  mutating func member(_ key: StaticString, _ value: UInt32) {
    member(key, UInt64(value))
  }

  /// Where null is the default, zero is none.
  @inline(__always)
  mutating func member(_ key: StaticString, orNull value: Int64?) {
    guard let value else { return }
    raw(key)
    number(value)
  }

  @inline(__always)
  mutating func member(_ key: StaticString, orNull value: UInt64?) {
    guard let value else { return }
    raw(key)
    number(value)
  }

  @inline(__always)
  mutating func flag(_ member: StaticString, _ isSet: Bool) {
    if isSet { raw(member) }
  }

  @inline(__always)
  mutating func member(_ key: StaticString, _ value: Text, of texts: LineTexts) {
    guard value.length > 0 else { return }
    raw(key)
    byte(UInt8(ascii: "\""))
    quoted(value, of: texts)
    byte(UInt8(ascii: "\""))
  }

  mutating func quoted(_ value: Text, of texts: LineTexts) {
    let start = Int(value.offset)
    let count = Int(value.length)
    guard start &+ count <= texts.count else { return }
    unsafe text(texts.bytes + start, count: count)
  }

  /// An element of a list of texts, with the comma that ``endList()`` takes back behind the last.
  mutating func element(_ value: Text, of texts: LineTexts) {
    byte(UInt8(ascii: "\""))
    quoted(value, of: texts)
    byte(UInt8(ascii: "\""))
    byte(UInt8(ascii: ","))
  }

  mutating func endList() {
    takeBack(UInt8(ascii: ","))
    byte(UInt8(ascii: "]"))
  }

  mutating func member(_ key: StaticString, _ value: String) {
    guard !value.isEmpty else { return }
    raw(key)
    byte(UInt8(ascii: "\""))
    for unit in value.utf8 { escaped(unit) }
    byte(UInt8(ascii: "\""))
  }

  @inline(__always)
  mutating func member(_ key: StaticString, _ address: IPAddress) {
    raw(key)
    byte(UInt8(ascii: "\""))
    if address.high == 0, address.low >> 32 == 0xffff {
      dotted(UInt32(truncatingIfNeeded: address.low))
    } else {
      for unit in address.description.utf8 { byte(unit) }
    }
    byte(UInt8(ascii: "\""))
  }

  /// An address that may not be known.
  mutating func member(_ key: StaticString, known address: IPAddress) {
    if !address.isUnspecified { member(key, address) }
  }

  mutating func member(_ key: StaticString, _ address: LinkAddress) {
    if address != .none { member(key, address.description) }
  }
}

/// The text of the batch whose lines are being written, borrowed.
@safe
struct LineTexts {
  let bytes: UnsafePointer<UInt8>
  let count: Int

  /// - Parameter buffer: must outlive this; may be empty.
  init(_ buffer: UnsafeBufferPointer<UInt8>, none: UnsafePointer<UInt8>) {
    unsafe bytes = buffer.baseAddress ?? none
    count = buffer.count
  }

  /// Hands the attributes of a run to `body`, name and value.
  func walk(_ run: Text, _ body: (Text, Text) -> Void) {
    let span = unsafe Span(_unsafeStart: bytes, count: count)
    var walk = AttributeWalk(run, in: span)
    while let next = walk.next(in: span) { body(next.name, next.value) }
  }
}
