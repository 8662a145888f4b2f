// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What was told of a span by name, behind what was told of all spans of its resource. One run of bytes,
/// whose room is kept from span to span.
struct SpanAttributes: Sendable {
  /// Of a span, and of a resource.
  static let limit = Attributes.limit
  /// Bytes of a value; what is behind them is cut off.
  static let valueBytes = 16 << 10

  struct Entry: Sendable {
    var name: Range<Int>
    var value: Range<Int>
    /// Not a number or a flag, which say nothing that has to be hidden.
    var isText: Bool
  }

  private var bytes: [UInt8] = []
  private(set) var entries: [Entry] = []
  /// Those of them that are the resource's.
  private(set) var resourceCount = 0
  private var resourceBytes = 0
  /// More than ``limit``.
  private(set) var dropped = 0

  mutating func removeAll() {
    (resourceCount, resourceBytes) = (0, 0)
    removeSpan()
  }

  /// What is there now is the resource's.
  mutating func endResource() {
    resourceCount = entries.count
    resourceBytes = bytes.count
    dropped = 0
  }

  /// Leaves what is the resource's.
  mutating func removeSpan() {
    bytes.removeLast(bytes.count - resourceBytes)
    entries.removeLast(entries.count - resourceCount)
    dropped = 0
  }

  mutating func append(name: Span<UInt8>, value: Span<UInt8>, isText: Bool = true) {
    guard !name.isEmpty, !value.isEmpty else { return }
    guard entries.count - resourceCount < Self.limit else { return dropped += 1 }
    let place = bytes.count
    append(name.extracting(first: Attributes.nameBytes))
    let middle = bytes.count
    append(value.extracting(first: Self.valueBytes))
    entries.append(
      Entry(name: place..<middle, value: middle..<bytes.count, isText: isText))
  }

  mutating func append(name: StaticString, value: Span<UInt8>) {
    name.withUTF8Buffer { append(name: unsafe $0.span, value: value) }
  }

  private mutating func append(_ run: Span<UInt8>) {
    unsafe run.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  @_lifetime(borrow self)
  func name(of index: Int) -> Span<UInt8> { bytes.span.clipped(entries[index].name) }

  /// The value of an entry; empty for none.
  @_lifetime(borrow self)
  func value(of index: Int?) -> Span<UInt8> {
    guard let index else { return bytes.span.extracting(first: 0) }
    return bytes.span.clipped(entries[index].value)
  }

  func text(of index: Int?) -> String {
    let value = value(of: index)
    return unsafe value.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }

  func number(of index: Int?) -> Int64? {
    guard let index, entries[index].value.count <= 20 else { return nil }
    return Int64(text(of: index))
  }
}
