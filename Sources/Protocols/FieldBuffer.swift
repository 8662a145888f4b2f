// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Where a parser puts the texts of a message: one reused buffer, so that no text is an allocation.
///
/// Bounded: a text is cut at ``textLimit`` bytes and the whole at ``capacity``; what does not fit is
/// cut, never grown.
package struct FieldBuffer: Sendable {
  /// Bytes of one text at most.
  package static let textLimit = 1_024
  /// Bytes of all texts of a message at most.
  package static let capacity = 8_192

  package private(set) var bytes: [UInt8] = []

  package init() {
    bytes.reserveCapacity(Self.capacity)
  }

  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
  }

  /// Copies `source`, cut to the bounds.
  package mutating func append(_ source: Span<UInt8>) -> Text {
    let count = min(source.count, Self.textLimit, Self.capacity - bytes.count)
    guard count > 0 else { return .empty }
    let start = bytes.count
    copy(source, count: count)
    return Text(offset: UInt32(start), length: UInt32(count))
  }

  package mutating func append(_ literal: StaticString) -> Text {
    let start = bytes.count
    let count = min(literal.utf8CodeUnitCount, Self.textLimit, Self.capacity - bytes.count)
    guard count > 0 else { return .empty }
    copy(literal, count: count)
    return Text(offset: UInt32(start), length: UInt32(count))
  }

  /// Begins a text that is put together from pieces; end it with ``finish(from:)``.
  package var mark: Int { bytes.count }

  package mutating func push(_ byte: UInt8) {
    if bytes.count < Self.capacity { bytes.append(byte) }
  }

  package mutating func push(_ source: Span<UInt8>) {
    let count = min(source.count, Self.capacity - bytes.count)
    if count > 0 { copy(source, count: count) }
  }

  package mutating func push(_ literal: StaticString) {
    let count = min(literal.utf8CodeUnitCount, Self.capacity - bytes.count)
    if count > 0 { copy(literal, count: count) }
  }

  /// The text pushed since `mark`, cut to ``textLimit``.
  package mutating func finish(from mark: Int) -> Text {
    guard mark >= 0, mark < bytes.count else { return .empty }
    if bytes.count - mark > Self.textLimit { bytes.removeLast(bytes.count - mark - Self.textLimit) }
    return Text(offset: UInt32(mark), length: UInt32(bytes.count - mark))
  }

  /// The bytes of `text`; empty when it does not lie in the buffer.
  package func bytes(_ text: Text) -> ArraySlice<UInt8> {
    let start = Int(text.offset)
    let end = start + Int(text.length)
    return end <= bytes.count ? bytes[start..<end] : []
  }

  /// Copies the first `count` bytes, at most as many as there are, in one go.
  @inline(__always)
  private mutating func copy(_ source: Span<UInt8>, count: Int) {
    unsafe source.extracting(first: count).withUnsafeBufferPointer { buffer in
      unsafe bytes.append(contentsOf: buffer)
    }
  }

  private mutating func copy(_ literal: StaticString, count: Int) {
    literal.withUTF8Buffer { buffer in
      unsafe bytes.append(contentsOf: buffer.prefix(count))
    }
  }
}
