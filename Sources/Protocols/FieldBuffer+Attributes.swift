// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension FieldBuffer {
  /// Adds an attribute to `run`, which is of this buffer, in the form of ``Attributes``. One that finds no
  /// room, or says nothing, is left out.
  package mutating func append(
    attribute name: StaticString, _ value: Span<UInt8>, to run: inout Text
  ) {
    name.withUTF8Buffer { buffer in append(attribute: unsafe buffer.span, value, to: &run) }
  }

  /// The same of a name that is not the program's own.
  package mutating func append(
    attribute name: Span<UInt8>, _ value: Span<UInt8>, to run: inout Text
  ) {
    let nameCount = min(name.count, Attributes.nameBytes)
    let valueCount = min(value.count, Attributes.valueBytes)
    guard nameCount > 0, valueCount > 0 else { return }
    let isLast = run.isEmpty || Int(run.offset) + Int(run.length) == count
    let start = isLast && !run.isEmpty ? Int(run.offset) : count
    let known = isLast ? 0 : Int(run.length)
    guard count + known + 4 + nameCount + valueCount <= Self.capacity else { return }
    // What was put together before may have had another text put behind it.
    for index in 0..<known { push(bytes[Int(run.offset) + index]) }
    push(length: nameCount)
    push(name.extracting(first: nameCount))
    push(length: valueCount)
    push(value.extracting(first: valueCount))
    run = Text(offset: UInt32(start), length: UInt32(count - start))
  }

  private mutating func push(length: Int) {
    if length < 0x80 {
      push(UInt8(length))
    } else {
      push(UInt8(length & 0x7f) | 0x80)
      push(UInt8(length >> 7))
    }
  }
}
