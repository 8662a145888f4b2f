// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Takes the fields of header blocks.
protocol HeaderSink {
  /// What the sink calls this name: 0 when it does not want it, and less than
  /// ``HPACKDecoder/unknownName``. A name may be cut, to no less than 64 bytes.
  mutating func kind(of name: Span<UInt8>) -> UInt8
  /// The same of the field with this number in ``HPACKStaticTable``.
  mutating func kind(ofStatic number: Int) -> UInt8
  /// A field that it wants, `isCut` when the value goes on.
  mutating func take(_ kind: UInt8, _ value: Span<UInt8>, isCut: Bool)
  /// A field that cannot be known, as it was said before anybody listened: 0 when it may be any.
  mutating func takeUnknown(_ kind: UInt8)
}

/// Reads the header blocks of one direction, RFC 7541.
///
/// Joined in the middle, a field that was said earlier is unknown and never another one: fields are
/// numbered from the newest, so those that were seen keep their numbers.
struct HPACKDecoder: Sendable {
  /// The kind of a field whose name was not seen.
  static let unknownName = UInt8.max
  private var table = HPACKTable()

  /// The direction begins here.
  mutating func begin() { table.begin() }

  /// A block, or a part of one, was not read.
  mutating func forget() { table.forget() }

  var footprint: Int { table.footprint }

  /// Hands the fields of `block` to `sink`. Of one that `isCut` as many as there are; what comes next can
  /// then not be read without ``forget()``. `scratch` is where coded texts are decoded to.
  mutating func decode<Sink: HeaderSink>(
    _ block: Span<UInt8>, isCut: Bool, scratch: inout [UInt8], to sink: inout Sink
  ) throws(HPACKFault) {
    var reader = HPACKReader(block)
    var isFirst = true
    while !reader.isAtEnd {
      do throws(HPACKFault) {
        try decodeField(&reader, isFirst: &isFirst, scratch: &scratch, to: &sink)
      } catch {
        if error == .cut, isCut { return }
        throw .malformed
      }
    }
  }

  private mutating func decodeField<Sink: HeaderSink>(
    _ reader: inout HPACKReader, isFirst: inout Bool, scratch: inout [UInt8], to sink: inout Sink
  ) throws(HPACKFault) {
    let form = HPACKForm(reader.first)
    let number = try reader.number(bits: form.bits)
    switch form {
    case .tableSize:
      // Only in front of a block, RFC 7541 section 4.2.
      guard isFirst else { throw .malformed }
      table.resize(number)
      return
    case .indexed:
      guard number > 0 else { throw .malformed }
      try takeIndexed(number, to: &sink)
    case .literal(let isAdded):
      try takeLiteral(number, isAdded, &reader, scratch: &scratch, to: &sink)
    }
    isFirst = false
  }

  private mutating func takeIndexed<Sink: HeaderSink>(
    _ number: Int, to sink: inout Sink
  ) throws(HPACKFault) {
    guard number > HPACKStaticTable.count else {
      let kind = sink.kind(ofStatic: number)
      guard kind != 0 else { return }
      return HPACKStaticTable.fields[number].value.withUTF8Buffer { value in
        sink.take(kind, unsafe value.span, isCut: false)
      }
    }
    guard let field = table.field(number - HPACKStaticTable.count - 1) else {
      guard table.hasOlder else { throw .malformed }
      return sink.takeUnknown(0)
    }
    if field.kind == Self.unknownName {
      sink.takeUnknown(0)
    } else if field.kind != 0 {
      if field.hasValue {
        sink.take(field.kind, table.value(field), isCut: false)
      } else {
        sink.takeUnknown(field.kind)
      }
    }
  }

  private mutating func takeLiteral<Sink: HeaderSink>(
    _ number: Int, _ isAdded: Bool, _ reader: inout HPACKReader, scratch: inout [UInt8],
    to sink: inout Sink
  ) throws(HPACKFault) {
    var kind: UInt8
    var nameCount: Int
    if number == 0 {
      let name = try reader.text()
      guard name.isCoded else {
        kind = sink.kind(of: reader.bytes.clipped(name.range))
        nameCount = name.range.count
        return try takeValue(kind, nameCount, isAdded, &reader, scratch: &scratch, to: &sink)
      }
      guard
        let decoded = HuffmanCode.shared.decode(
          reader.bytes.clipped(name.range), into: &scratch)
      else { throw .malformed }
      kind = sink.kind(of: scratch.span.clipped(from: 0, to: decoded.count))
      nameCount = decoded.count
    } else if number <= HPACKStaticTable.count {
      kind = sink.kind(ofStatic: number)
      nameCount = HPACKStaticTable.fields[number].name.utf8CodeUnitCount
    } else if let field = table.field(number - HPACKStaticTable.count - 1) {
      kind = field.kind
      nameCount = Int(field.nameCount)
    } else {
      guard table.hasOlder else { throw .malformed }
      kind = Self.unknownName
      nameCount = 0
    }
    try takeValue(kind, nameCount, isAdded, &reader, scratch: &scratch, to: &sink)
  }

  private mutating func takeValue<Sink: HeaderSink>(
    _ kind: UInt8, _ nameCount: Int, _ isAdded: Bool, _ reader: inout HPACKReader,
    scratch: inout [UInt8], to sink: inout Sink
  ) throws(HPACKFault) {
    let text = try reader.text()
    let isWanted = kind != 0 && kind != Self.unknownName
    if kind == Self.unknownName { sink.takeUnknown(0) }
    guard isWanted || isAdded else { return }
    let coded = reader.bytes.clipped(text.range)
    guard text.isCoded else {
      return finish(kind, nameCount, isAdded, coded, whole: coded.count, to: &sink)
    }
    guard let decoded = HuffmanCode.shared.decode(coded, into: &scratch) else { throw .malformed }
    finish(
      kind, nameCount, isAdded, scratch.span.clipped(from: 0, to: decoded.count),
      whole: decoded.count, to: &sink)
  }

  private mutating func finish<Sink: HeaderSink>(
    _ kind: UInt8, _ nameCount: Int, _ isAdded: Bool, _ value: Span<UInt8>, whole: Int,
    to sink: inout Sink
  ) {
    let isWanted = kind != 0 && kind != Self.unknownName
    if isWanted { sink.take(kind, value, isCut: value.count < whole) }
    guard isAdded else { return }
    let isKept = isWanted && whole <= HPACKTable.valueLimit && value.count == whole
    table.add(kind: kind, nameCount: nameCount, value: value, isKept: isKept, whole: whole)
  }
}
