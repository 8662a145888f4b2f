// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The members that an enumeration's numbers become: `,"response_status":"Server Error"`, ready to
/// be copied.
///
/// Names are those that the tag declares, and `Enum(tag)` shows; a number without a name stays a
/// number. Memory is given back by ``free()``.
@safe
struct EnumerationPieces {
  /// Bytes of a piece, the last of them its length.
  private static let stride = 64
  private let bytes: UnsafeMutablePointer<UInt8>
  /// Pieces that hold nothing and are never written.
  static var none: EnumerationPieces { EnumerationPieces() }

  private init() {
    unsafe bytes = .allocate(capacity: 0)
  }

  /// The names that the tag called `name` declares.
  init(_ name: String, tables: NumberTables) {
    let tag = TagDeclaration.builtIn.first { $0.name == name }
    self.init(name, tag?.values.map { ($0.number, $0.name) } ?? [], tables: tables)
  }

  init(_ name: String, _ names: [(number: Int, name: String)], tables: NumberTables) {
    unsafe bytes = .allocate(capacity: 256 * Self.stride)
    unsafe bytes.initialize(repeating: 0, count: 256 * Self.stride)
    for number in 0..<256 {
      let found = names.first { $0.number == number }?.name
      var piece = Array(",\"\(name)\":".utf8)
      piece += found.map { Self.quoted($0, tables: tables) } ?? Array("\(number)".utf8)
      precondition(piece.count < Self.stride, "our own names are short")
      for (index, byte) in piece.enumerated() {
        unsafe bytes[number * Self.stride + index] = byte
      }
      unsafe bytes[number * Self.stride + Self.stride - 1] = UInt8(piece.count)
    }
  }

  func free() {
    unsafe bytes.deallocate()
  }

  /// Writes the member of `number`.
  @inline(__always)
  func write(_ number: UInt8, to writer: inout LineWriter) {
    unsafe writer.piece(bytes + Int(number) * Self.stride)
  }

  private static func quoted(_ text: String, tables: NumberTables) -> [UInt8] {
    let bytes = Array(text.utf8)
    let room = bytes.count * LineWriter.expansion + LineWriter.slack
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { target in
      var writer = unsafe LineWriter(at: target.baseAddress!, tables: tables)
      writer.byte(UInt8(ascii: "\""))
      for byte in bytes { writer.escaped(byte) }
      writer.byte(UInt8(ascii: "\""))
      return unsafe Array(target[0..<(target.baseAddress!.distance(to: writer.place))])
    }
  }
}
