// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Where a parser puts the texts of a message: one reused buffer, so that no text is an allocation.
///
/// Bounded: a text is cut at ``textLimit`` bytes and the whole at ``capacity``; what does not fit is
/// cut, never grown.
@usableFromInline package struct FieldBuffer: Sendable {
  /// Bytes of one text at most.
  package static let textLimit = 1_024
  /// Bytes of all texts of a message at most.
  package static let capacity = 8_192

  /// ``capacity`` bytes that are always initialized; the first ``count`` of them are the content.
  @usableFromInline var room: [UInt8]
  /// Bytes of all texts.
  @usableFromInline package internal(set) var count = 0
  /// What parsers keep of texts, in one piece of memory for all of them.
  var shared = SharedBytes()
  /// What the texts may not show; whoever writes one of the users' data asks.
  package let privacy: PrivacyRules

  package init(privacy: PrivacyRules = PrivacyRules()) {
    self.privacy = privacy
    room = Array(repeating: 0, count: Self.capacity)
  }

  package mutating func removeAll() { count = 0 }

  /// The bytes of all texts.
  package var bytes: Span<UInt8> {
    @inlinable @inline(__always)
    @_lifetime(borrow self)
    get { room.span.extracting(first: count) }
  }

  /// Copies `source`, cut to the bounds.
  package mutating func append(_ source: Span<UInt8>) -> Text {
    let start = count
    let length = min(source.count, Self.textLimit, Self.capacity - start)
    guard length > 0 else { return .empty }
    copy(source, count: length)
    return Text(
      offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: length))
  }

  package mutating func append(_ literal: StaticString) -> Text {
    literal.withUTF8Buffer { buffer in append(unsafe buffer.span) }
  }

  /// Begins a text that is put together from pieces; end it with ``finish(from:)``.
  package var mark: Int { count }

  package mutating func push(_ byte: UInt8) {
    guard count < Self.capacity else { return }
    room[count] = byte
    count += 1
  }

  package mutating func push(_ source: Span<UInt8>) {
    let length = min(source.count, Self.capacity - count)
    if length > 0 { copy(source, count: length) }
  }

  package mutating func push(_ literal: StaticString) {
    literal.withUTF8Buffer { buffer in push(unsafe buffer.span) }
  }

  /// Takes back what was pushed since `mark`.
  package mutating func cut(to mark: Int) {
    if mark >= 0, mark < count { count = mark }
  }

  /// The text pushed since `mark`, cut to ``textLimit``.
  package mutating func finish(from mark: Int) -> Text {
    guard mark >= 0, mark < count else { return .empty }
    count = min(count, mark + Self.textLimit)
    return Text(offset: UInt32(mark), length: UInt32(count - mark))
  }

  /// The bytes of `text`; empty when it does not lie in the buffer.
  package func bytes(_ text: Text) -> ArraySlice<UInt8> {
    let start = Int(text.offset)
    let end = start + Int(text.length)
    return end <= count ? room[start..<end] : []
  }

  /// Copies the first `length` bytes, of which there must be room for all.
  @inline(__always)
  private mutating func copy(_ source: Span<UInt8>, count length: Int) {
    let start = count
    precondition(
      length >= 0 && length <= source.count && start + length <= room.count,
      "a copy stays within the source and the room")
    unsafe room.withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { bytes in
        guard let to = target.baseAddress, let from = bytes.baseAddress else { return }
        unsafe (to + start).update(from: from, count: length)
      }
    }
    count = start + length
  }
}
