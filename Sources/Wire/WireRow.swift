// SPDX-License-Identifier: Apache-2.0

/// What the next row of a section is told against.
protocol RowContext {
  associatedtype Row
  /// Before the first row, everything is 0.
  init()
  /// The row that was read or written last.
  var row: Row { get }
}

/// A row of a section.
protocol WireRow {
  associatedtype Context: RowContext where Context.Row == Self
  /// Bytes of the smallest row, for the check of a count against the bytes that are left.
  static var smallestRow: Int { get }

  func write(to writer: inout WireWriter, context: inout Context)

  /// Reads one row, which `context` then holds. Faults stick in `reader`.
  ///
  /// - Parameter textBytes: the length of the batch's text, which the row's texts must lie in.
  static func read(from reader: inout WireReader, context: inout Context, textBytes: Int)
}

/// The fields of one byte that begin a row and rarely change, at most eight: compared, written and read
/// as one.
struct WireHead: Equatable {
  private(set) var bits: UInt64 = 0

  @inline(__always)
  init(
    _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8 = 0, _ g: UInt8 = 0
  ) {
    bits = UInt64(a) | UInt64(b) << 8 | UInt64(c) << 16 | UInt64(d) << 24 | UInt64(e) << 32
    bits |= UInt64(f) << 40 | UInt64(g) << 48
  }

  @inline(__always)
  init(bits: UInt64) { self.bits = bits }

  @inline(__always)
  subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: bits >> UInt64(index * 8)) }
}

extension WireWriter {
  @inline(__always)
  mutating func head(_ head: WireHead, count: Int) {
    for index in 0..<count { byte(head[index]) }
  }
}

extension WireReader {
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func head(count: Int) -> WireHead {
    var bits: UInt64 = 0
    for index in 0..<count { bits |= UInt64(byte()) << UInt64(index * 8) }
    return WireHead(bits: bits)
  }
}
