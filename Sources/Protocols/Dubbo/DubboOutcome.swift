// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// How a call failed: what was thrown, or the text beside a status.
struct DubboOutcome {
  /// The class of what was thrown, when it can be read.
  private var thrown = 0..<0
  private var text = DubboText()
  private var isThrown = false

  /// Nil when nothing says that it failed.
  init?(_ header: DubboHeader, _ bytes: Span<UInt8>) {
    let reader = DubboReader(header, to: DubboHeader.size + header.length)
    guard var reader else {
      if header.status == 20 { return nil }
      return
    }
    do throws(EndOfBytes) {
      if header.status != 20 {
        text = try reader.text(in: bytes)
        return
      }
      // With attachments, from 2.6.3 on, it is 3.
      let kind = try reader.number(in: bytes)
      guard kind == 0 || kind == 3 else { return nil }
      isThrown = true
      thrown = try Self.readClass(&reader, in: bytes)
    } catch {
      if header.status == 20, !isThrown { return nil }
    }
  }

  private static func readClass(
    _ reader: inout DubboReader, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    switch reader.form {
    case .hessian:
      guard reader.hessian.next(in: bytes) == UInt8(ascii: "C") else { return 0..<0 }
      return try reader.hessian.definition(wanted: "", in: bytes).name
    case .frames:
      var frame = try reader.frame(in: bytes)
      return try JSONBText.type(at: &frame, in: bytes) ?? 0..<0
    case .java, .nativeJava:
      // An object, and the class that it is of.
      guard try reader.hessian.cursor.number(of: 2, in: bytes) == 0x7372 else { return 0..<0 }
      let count = Int(try reader.hessian.cursor.number(of: 2, in: bytes))
      return try reader.hessian.cursor.range(of: count, in: bytes)
    case .kryo, .lines: return 0..<0
    }
  }

  /// Writes what is shown: of what was thrown its class alone, as its text is the users' own.
  func describe(_ header: DubboHeader, _ bytes: Span<UInt8>, on desk: inout Desk) {
    if isThrown {
      desk.message.status = .serverError
      desk.message.texts.responseException =
        thrown.isEmpty
        ? desk.fields.append("exception") : desk.fields.append(bytes.clipped(thrown))
      return
    }
    // Some texts repeat the call with its arguments, in brackets; those of thrown things begin with
    // their class.
    var letters = InlineArray<256, UInt8>(repeating: 0)
    var count = 0
    for index in text.range.prefix(letters.count) {
      let byte = text.byte(index, of: bytes)
      if byte < 0x20 || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { break }
      if !header.hasOwnText, byte == UInt8(ascii: ":") || byte == 0x20 { break }
      letters[count] = byte
      count += 1
    }
    desk.message.texts.responseException = desk.fields.append(
      freeText: letters.span, at: 0..<count)
  }
}
