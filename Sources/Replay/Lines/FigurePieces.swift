// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The members that the figures of one kind of record become: keys ready to be copied, `,"packet":`,
/// and the places of their values. Memory is given back by ``free()``.
@safe
struct FigurePieces {
  /// Bytes of a key, the last of them its length: see ``LineWriter/piece(_:)``.
  private static let stride = 64

  private let keys: UnsafeMutablePointer<UInt8>
  private let places: UnsafeMutablePointer<Int>
  private let count: Int

  /// - Parameter order: the columns in the order of the line; nil for that of the table.
  init<Record: Metered>(of _: Record.Type, order: [String]? = nil) {
    let names = Record.figureNames
    let order = order ?? names
    count = order.count
    unsafe keys = .allocate(capacity: count * Self.stride)
    unsafe keys.initialize(repeating: 0, count: count * Self.stride)
    unsafe places = .allocate(capacity: count)
    for (index, name) in order.enumerated() {
      guard let place = names.firstIndex(of: name) else {
        preconditionFailure("\(name) is no figure")
      }
      unsafe places[index] = place
      let key = Array(",\"\(name)\":".utf8)
      precondition(key.count < Self.stride, "our own names are short")
      for (offset, byte) in key.enumerated() { unsafe keys[index * Self.stride + offset] = byte }
      unsafe keys[(index + 1) * Self.stride - 1] = UInt8(key.count)
    }
  }

  func free() {
    unsafe keys.deallocate()
    unsafe places.deallocate()
  }

  /// Writes the figures that are not zero.
  @inline(__always)
  func write(_ figures: inout FigureValues, to writer: inout LineWriter) {
    for index in 0..<count {
      let value = unsafe figures.values[places[index]]
      guard value != 0 else { continue }
      unsafe writer.piece(keys + index * Self.stride)
      writer.number(value)
    }
  }
}
