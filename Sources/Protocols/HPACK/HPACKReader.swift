// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Why a header block cannot be read on.
enum HPACKFault: Error {
  /// It ends inside of a field.
  case cut
  /// No encoder writes this.
  case malformed
}

/// The numbers and texts of a header block, RFC 7541 section 5, from the front.
struct HPACKReader: ~Escapable {
  let bytes: Span<UInt8>
  private(set) var position = 0

  /// Numbers are smaller; no block is that long.
  static let limit = 1 << 28

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  /// The byte that the next field begins with; there must be one.
  var first: UInt8 { bytes[position] }

  /// A number whose first bits are the low `count` ones of the next byte.
  @_lifetime(self: copy self)
  mutating func number(bits count: UInt8) throws(HPACKFault) -> Int {
    guard position < bytes.count else { throw .cut }
    let most = (1 << Int(count)) - 1
    var value = Int(bytes[position]) & most
    position += 1
    guard value == most else { return value }
    var shift = 0
    while true {
      guard position < bytes.count else { throw .cut }
      let byte = Int(bytes[position])
      position += 1
      value += (byte & 0x7f) << shift
      guard value < Self.limit else { throw .malformed }
      if byte < 0x80 { return value }
      shift += 7
      guard shift <= 28 else { throw .malformed }
    }
  }

  /// Where a text lies, and whether it is in the Huffman code.
  @_lifetime(self: copy self)
  mutating func text() throws(HPACKFault) -> (range: Range<Int>, isCoded: Bool) {
    guard position < bytes.count else { throw .cut }
    let isCoded = bytes[position] & 0x80 != 0
    let count = try number(bits: 7)
    guard count <= bytes.count - position else { throw .cut }
    defer { position += count }
    return (position..<(position + count), isCoded)
  }
}

/// How a field is written, RFC 7541 section 6.
enum HPACKForm {
  case indexed
  case literal(isAdded: Bool)
  case tableSize

  init(_ first: UInt8) {
    if first & 0x80 != 0 {
      self = .indexed
    } else if first & 0x40 != 0 {
      self = .literal(isAdded: true)
    } else if first & 0x20 != 0 {
      self = .tableSize
    } else {
      self = .literal(isAdded: false)
    }
  }

  /// Bits of the number in its first byte.
  var bits: UInt8 {
    switch self {
    case .indexed: 7
    case .literal(isAdded: true): 6
    case .tableSize: 5
    case .literal(isAdded: false): 4
    }
  }
}
