// SPDX-License-Identifier: Apache-2.0

/// The attributes of a call: what its protocol tells beyond the columns, such as `kafka.topic`. Names are
/// open; values are texts.
///
/// They are one run of bytes in the text of a batch, so that a record has room for any of them: for each
/// attribute the length of its name as a varint (LEB128), the name, the length of its value, the value.
package enum Attributes {
  /// Of one call at most; a run's further ones are not looked at. As many as a span has by default.
  package static let limit = 128
  /// Bytes of a name, and of a value, at most.
  package static let nameBytes = 128
  package static let valueBytes = 1_024

  /// Adds an attribute to the end of a run, its texts cut to the bounds. An empty value, or one without
  /// a name, says nothing and is left out.
  package static func append(
    name: Span<UInt8>, value: Span<UInt8>, to run: inout [UInt8]
  ) {
    guard !name.isEmpty, !value.isEmpty else { return }
    append(name, limit: nameBytes, to: &run)
    append(value, limit: valueBytes, to: &run)
  }

  private static func append(_ text: Span<UInt8>, limit: Int, to run: inout [UInt8]) {
    let count = min(text.count, limit)
    if count < 0x80 {
      run.append(UInt8(count))
    } else {
      run.append(UInt8(count & 0x7f) | 0x80)
      run.append(UInt8(count >> 7))
    }
    unsafe text.extracting(first: count).withUnsafeBufferPointer {
      unsafe run.append(contentsOf: $0)
    }
  }
}

/// Reads a run of attributes one after another. It may be anyone's bytes: what does not read ends it.
package struct AttributeWalk {
  private var offset: Int
  private let end: Int
  private var left = Attributes.limit

  /// - Parameter run: a text that need not lie in `text`.
  package init(_ run: Text, in text: Span<UInt8>) {
    let end = Int(run.offset) + Int(run.length)
    offset = Int(run.offset)
    self.end = end <= text.count ? end : offset
  }

  /// Where the next attribute's name and value are in `text`, neither of them empty; nil behind the
  /// last.
  package mutating func next(in text: Span<UInt8>) -> (name: Text, value: Text)? {
    guard left > 0, let name = part(of: text), let value = part(of: text) else { return nil }
    left -= 1
    return (name, value)
  }

  private mutating func part(of text: Span<UInt8>) -> Text? {
    var length = 0
    var shift = 0
    while true {
      guard offset < end, shift <= 14 else { return nil }
      let byte = text[offset]
      offset += 1
      length |= Int(byte & 0x7f) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    guard length > 0, length <= end - offset else { return nil }
    defer { offset += length }
    return Text(offset: UInt32(offset), length: UInt32(length))
  }
}
