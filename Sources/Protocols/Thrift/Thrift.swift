// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Apache Thrift in its strict binary form and its compact one
/// (https://github.com/apache/thrift/tree/master/doc/specs), bare, in frames, or behind THeader's head.
/// Calls and answers find each other by a sequence number.
package struct Thrift: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 200), name: "Thrift", pairing: .identifier,
    defaultPorts: [9_090], sureness: 150)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { ThriftParser() }

  /// The magic numbers, or the upper byte of a frame's length.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0, 1, 2, 3, 0x80, 0x82]), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp else { return .no }
    guard let envelope = ThriftEnvelope(bytes) else {
      return ThriftEnvelope.isPossible(bytes) ? .undecided : .no
    }
    // What is transformed cannot be read, but its head is nobody else's.
    guard !envelope.isTransformed else { return .yes(sentBy: nil) }
    switch ThriftMessage.read(bytes, envelope, isStrict: true) {
    case .no: return .no
    case .cut(let head): return context.isTruncated && head >= 8 ? .yes(sentBy: nil) : .undecided
    case .message(let message): return .yes(sentBy: message.isCall ? .client : .server)
    }
  }
}

/// What is around a message: nothing, a length, or a length and a head with names and values
/// (https://github.com/apache/thrift/blob/master/doc/specs/HeaderFormat.md).
struct ThriftEnvelope {
  static let longest = 1 << 28

  /// Where the message begins.
  private(set) var start = 0
  /// How long all of it is; nil when nothing says it.
  private(set) var length: Int?
  private(set) var isTransformed = false
  private(set) var trace = TraceHeaders()
  /// The sequence number of the head, if there is one.
  private(set) var sequence: UInt64?

  /// Nil when there are not enough bytes, or they are none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= 2 else { return nil }
    if Self.isMessage(bytes, at: 0) { return }
    guard bytes.count >= 6, bytes[0] < Self.longest >> 24 else { return nil }
    let length = 4 + Int(bytes.bigEndian32(at: 0))
    guard length >= 10 else { return nil }
    self.length = length
    start = 4
    if Self.isMessage(bytes, at: 4) { return }
    guard bytes[4] == 0x0f, bytes[5] == 0xff, bytes.count >= 14 else { return nil }
    sequence = UInt64(bytes.bigEndian32(at: 8))
    start = 14 + (Int(bytes[12]) << 8 | Int(bytes[13])) * 4
    guard start <= length, bytes.count >= start else { return nil }
    guard readHead(bytes) else { return nil }
  }

  /// The magic number of one of both forms.
  private static func isMessage(_ bytes: Span<UInt8>, at place: Int) -> Bool {
    let second = bytes[place + 1]
    return bytes[place] == 0x80 ? second == 1 : bytes[place] == 0x82 && isCompact(second)
  }

  static func isCompact(_ byte: UInt8) -> Bool { byte & 0x1f == 1 && 1...4 ~= byte >> 5 }

  /// Whether more bytes may make it one.
  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0 else { return true }
    if bytes.count >= 2, isMessage(bytes, at: 0) { return true }
    if bytes[0] == 0x80 || bytes[0] == 0x82 { return bytes.count < 2 }
    guard bytes[0] < longest >> 24 else { return false }
    if bytes.count > 4, ![0x80, 0x82, 0x0f].contains(bytes[4]) { return false }
    guard bytes.count > 5 else { return true }
    guard bytes.bigEndian32(at: 0) >= 6 else { return false }
    if isMessage(bytes, at: 4) { return true }
    guard bytes[4] == 0x0f, bytes[5] == 0xff else { return false }
    // The form is told first, and the head lies in the frame.
    if bytes.count > 14, bytes[14] != 0, bytes[14] != 2 { return false }
    guard bytes.count >= 14 else { return true }
    let head = (Int(bytes[12]) << 8 | Int(bytes[13])) * 4
    return head > 0 && 14 + head <= 4 + Int(bytes.bigEndian32(at: 0))
  }

  /// The head that THeader puts before a message: its form, how it is packed, names and values.
  private mutating func readHead(_ bytes: Span<UInt8>) -> Bool {
    var cursor = ByteCursor(at: 14, to: start)
    do throws(EndOfBytes) {
      let form = try cursor.varint(in: bytes)
      guard form == 0 || form == 2 else { return false }
      let transforms = try cursor.varint(in: bytes)
      isTransformed = transforms > 0
      guard transforms <= 4 else { return false }
      for _ in 0..<transforms { _ = try cursor.varint(in: bytes) }
      // What else there is, is filled up with zeros.
      guard cursor.remaining > 0, try cursor.varint(in: bytes) == 1 else { return true }
      for _ in 0..<min(try cursor.varint(in: bytes), 256) {
        let name = try Self.text(&cursor, bytes)
        let value = try Self.text(&cursor, bytes)
        if let known = HeaderName(bytes.clipped(name)), let header = TraceHeader(known) {
          trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
        }
      }
    } catch {
      return cursor.place > 15
    }
    return true
  }

  private static func text(
    _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    let count = try cursor.varint(in: bytes)
    return try cursor.range(of: Int(clamping: count), in: bytes)
  }
}
