// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A text in a body.
struct DubboText {
  var range = 0..<0
  /// Whether the highest bit of its last byte is a mark and not its own, as Kryo has it.
  var isMarked = false

  var isEmpty: Bool { range.isEmpty }

  func byte(_ index: Int, of bytes: Span<UInt8>) -> UInt8 {
    isMarked && index == range.upperBound - 1 ? bytes[index] & 0x7f : bytes[index]
  }
}

/// Reads the texts at the front of a body, in whatever it is written.
struct DubboReader {
  enum Form {
    case hessian
    case kryo
    /// Values of JSON, a line each.
    case lines
    /// Values of JSONB behind their lengths.
    case frames
    /// What Java's streams call block data; texts with another length in front, or without.
    case java
    case nativeJava
  }

  let form: Form
  /// Its cursor is that of every form.
  var hessian: HessianCursor
  private var blockEnd = 0

  /// Nil for what nobody can read here.
  init?(_ header: DubboHeader, to end: Int) {
    switch header.serialization.rawValue {
    case 2, 10: form = .hessian
    case 8, 25: form = .kryo
    case 6, 16: form = .lines
    case 23: form = .frames
    case 3: form = .java
    case 7: form = .nativeJava
    default: return nil
    }
    hessian = HessianCursor(at: DubboHeader.size, to: end)
  }

  /// A text, empty for null.
  mutating func text(in bytes: Span<UInt8>) throws(EndOfBytes) -> DubboText {
    switch form {
    case .hessian:
      if let range = try hessian.text(in: bytes) { return DubboText(range: range) }
      guard hessian.next(in: bytes) == UInt8(ascii: "N") else { throw EndOfBytes(missing: 0) }
      try hessian.skip(in: bytes)
      return DubboText()
    case .kryo: return try KryoText.read(at: &hessian.cursor, in: bytes)
    case .lines: return DubboText(range: JSONText.inner(try line(in: bytes), in: bytes))
    case .frames:
      var frame = try self.frame(in: bytes)
      return DubboText(range: try JSONBText.read(at: &frame, in: bytes))
    case .java, .nativeJava:
      try openBlock(in: bytes)
      if form == .java, try block(4, in: bytes) == 0xffff_ffff { return DubboText() }
      let count = Int(try block(2, in: bytes))
      guard count <= blockEnd - hessian.cursor.place else { throw EndOfBytes(missing: 0) }
      return DubboText(range: try hessian.cursor.range(of: count, in: bytes))
    }
  }

  /// A number of one byte.
  mutating func number(in bytes: Span<UInt8>) throws(EndOfBytes) -> Int {
    switch form {
    case .hessian:
      guard let value = try hessian.integer(in: bytes) else { throw EndOfBytes(missing: 0) }
      return value
    case .kryo: return Int(try hessian.cursor.byte(in: bytes))
    case .lines:
      let line = try self.line(in: bytes)
      guard line.count == 1 else { throw EndOfBytes(missing: 0) }
      return Int(bytes[line.lowerBound]) - 0x30
    case .frames:
      var frame = try self.frame(in: bytes)
      let code = try frame.byte(in: bytes)
      return Int(code == 0xbd ? try frame.byte(in: bytes) : code)
    case .java, .nativeJava:
      try openBlock(in: bytes)
      return Int(try block(1, in: bytes))
    }
  }

  /// The next line, without its end.
  mutating func line(in bytes: Span<UInt8>) throws(EndOfBytes) -> Range<Int> {
    let start = hessian.cursor.place
    let end = min(hessian.cursor.end, bytes.count)
    guard start < end else { throw EndOfBytes(missing: 1) }
    let stop = bytes.firstIndex(of: 0x0a, from: start, to: end) ?? end
    hessian.cursor.place = min(stop + 1, end)
    return start..<stop
  }

  /// What is behind the next length; passes over it.
  mutating func frame(in bytes: Span<UInt8>) throws(EndOfBytes) -> ByteCursor {
    let count = Int(try hessian.cursor.number(of: 4, in: bytes))
    let range = try hessian.cursor.range(of: count, in: bytes)
    return ByteCursor(at: range.lowerBound, to: range.upperBound)
  }

  /// Enters the next block when none is open (Java Object Serialization, section 6.4.2).
  private mutating func openBlock(in bytes: Span<UInt8>) throws(EndOfBytes) {
    guard hessian.cursor.place >= blockEnd else { return }
    // The stream's magic number and version.
    if hessian.cursor.place + 4 <= bytes.count,
      bytes.bigEndian32(at: hessian.cursor.place) == 0xaced_0005
    {
      try hessian.cursor.skip(4, in: bytes)
    }
    let code = try hessian.cursor.byte(in: bytes)
    guard code == 0x77 || code == 0x7a else { throw EndOfBytes(missing: 0) }
    let count = Int(try hessian.cursor.number(of: code == 0x77 ? 1 : 4, in: bytes))
    blockEnd = hessian.cursor.place + count
  }

  private mutating func block(_ size: Int, in bytes: Span<UInt8>) throws(EndOfBytes) -> UInt64 {
    guard size <= blockEnd - hessian.cursor.place else { throw EndOfBytes(missing: 0) }
    return try hessian.cursor.number(of: size, in: bytes)
  }
}
