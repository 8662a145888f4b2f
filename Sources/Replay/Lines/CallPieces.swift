// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The members that the columns of a call become: keys ready to be copied, `,"endpoint":"`, and the
/// names of enumerations. Memory is given back by ``free()``.
@safe
struct CallPieces {
  /// Bytes of a key, the last of them its length: see ``LineWriter/piece(_:)``.
  private static let stride = 64

  private let keys: UnsafeMutablePointer<UInt8>
  private let forms: UnsafeMutablePointer<CallColumn.Form>
  /// By column; of those that are no enumerations, any.
  private let enumerations: UnsafeMutablePointer<EnumerationPieces>
  private let count: Int
  /// A bit for each column whose value stands among the attributes.
  let attributes: UInt64

  init(tables: NumberTables) {
    let columns = CallColumn.all
    count = columns.count
    unsafe keys = .allocate(capacity: count * Self.stride)
    unsafe keys.initialize(repeating: 0, count: count * Self.stride)
    unsafe forms = .allocate(capacity: count)
    unsafe enumerations = .allocate(capacity: count)
    var attributes: UInt64 = 0
    for (index, column) in columns.enumerated() {
      let name = "\(column.name)"
      unsafe (forms + index).initialize(to: column.form)
      unsafe (enumerations + index).initialize(
        to: column.form == .enumeration
          ? EnumerationPieces(name, tables: tables) : EnumerationPieces.none)
      var key = ",\"\(name)\":"
      switch column.form {
      case .text, .repeatedText, .threadName: key += "\""
      case .attribute:
        key = "\"\(name)\","
        attributes |= 1 << UInt64(index)
      case .attributes: attributes |= 1 << UInt64(index)
      default: break
      }
      unsafe store(Array(key.utf8), at: keys + index * Self.stride)
    }
    self.attributes = attributes
  }

  func free() {
    for index in 0..<count { unsafe enumerations[index].free() }
    unsafe keys.deallocate()
    unsafe forms.deallocate()
    unsafe enumerations.deallocate()
  }

  /// Copies the key of a column: of an attribute, its name as an element of a list.
  @inline(__always)
  func key(_ index: Int, to writer: inout LineWriter) {
    unsafe writer.piece(keys + index * Self.stride)
  }

  /// Writes the member of a column that does not have its default, and is no attribute.
  @inline(__always)
  func write(
    _ index: Int, of values: inout CallValues, _ texts: LineTexts, _ protocols: EnumerationPieces,
    to writer: inout LineWriter
  ) {
    let value = values.values[index]
    switch unsafe forms[index] {
    case .enumeration:
      unsafe enumerations[index].write(UInt8(truncatingIfNeeded: value), to: &writer)
    case .protocolNumber: protocols.write(UInt8(truncatingIfNeeded: value), to: &writer)
    case .flag, .uint32, .uint64, .uint64OrNull, .duration:
      key(index, to: &writer)
      writer.number(value)
    case .int64OrNull, .int32OrNull:
      key(index, to: &writer)
      writer.number(Int64(bitPattern: value))
    case .text, .repeatedText:
      key(index, to: &writer)
      writer.quoted(Text(bits: value), of: texts)
      writer.byte(UInt8(ascii: "\""))
    case .threadName:
      key(index, to: &writer)
      for unit in values.names[Int(value)].description.utf8 { writer.escaped(unit) }
      writer.byte(UInt8(ascii: "\""))
    case .attribute, .attributes: break
    }
  }

  /// Whether the column is the run of attributes, not one attribute.
  @inline(__always)
  func isRun(_ index: Int) -> Bool { unsafe forms[index] == .attributes }
}

private func store(_ key: [UInt8], at place: UnsafeMutablePointer<UInt8>) {
  precondition(key.count < 64, "our own names are short")
  for (offset, byte) in key.enumerated() { unsafe place[offset] = byte }
  unsafe place[63] = UInt8(key.count)
}
