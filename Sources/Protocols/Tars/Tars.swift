// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The protocol of Tars, https://doc.tarsyun.com/#/base/tars-protocol.md: calls and answers find each other
/// by an id.
package struct Tars: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 46), name: "Tars", transports: [.tcp, .udp],
    pairing: .identifier, defaultPorts: [], sureness: 140)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { TarsParser() }

  /// A length, and the version as a byte that is not zero.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0]), at: 0).with(ByteSet([0x10]), at: 4).with(
      ByteSet([1, 2, 3]), at: 5
    )
    .with(ByteSet([0x20, 0x2c]), at: 6)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard TarsPacket.isPossible(bytes) else { return .no }
    if context.transport == .udp, bytes.count < 4 || !context.isTruncated,
      bytes.count < 4 || Int(bytes.bigEndian32(at: 0)) != bytes.count
    {
      return .no
    }
    switch TarsPacket.read(bytes, isStrict: true) {
    case .no: return .no
    case .cut: return context.transport == .udp || context.isTruncated ? .no : .undecided
    case .packet(let packet): return .yes(sentBy: packet.isRequest ? .client : .server)
    }
  }
}

/// A value's head: what it is and its number, which tells what it means.
struct TarsHead {
  let type: UInt8
  let tag: Int

  init(_ cursor: inout ByteCursor, _ bytes: Span<UInt8>) throws(EndOfBytes) {
    let byte = try cursor.byte(in: bytes)
    type = byte & 15
    tag = byte >> 4 == 15 ? Int(try cursor.byte(in: bytes)) : Int(byte >> 4)
  }
}

/// A packet: `RequestPacket` or `ResponsePacket` of `RequestF.tars`.
struct TarsPacket {
  static let longest = 1 << 27

  enum Reading {
    case no
    case cut
    case packet(TarsPacket)
  }

  private(set) var isRequest = false
  private(set) var version = 0
  private(set) var isOneWay = false
  private(set) var id: UInt64 = 0
  private(set) var servant = 0..<0
  private(set) var function = 0..<0
  /// How it went, of an answer.
  private(set) var result = 0
  private(set) var trace = TraceHeaders()

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    if bytes.count > 0, bytes[0] >= UInt8(longest >> 24) { return false }
    if bytes.count >= 4, bytes.bigEndian32(at: 0) < 12 { return false }
    if bytes.count > 4, bytes[4] != 0x10 { return false }
    if bytes.count > 5, ![1, 2, 3].contains(bytes[5]) { return false }
    return bytes.count <= 6 || bytes[6] == 0x20 || bytes[6] == 0x2c
  }

  /// Reads a packet, which is at least possible; `isStrict` says that names must be such.
  static func read(_ bytes: Span<UInt8>, isStrict: Bool) -> Reading {
    guard bytes.count >= 4 else { return .cut }
    let length = Int(bytes.bigEndian32(at: 0))
    var packet = TarsPacket()
    var cursor = ByteCursor(at: 4, to: length)
    do throws(EndOfBytes) {
      guard try packet.readFront(&cursor, bytes) else { return .no }
    } catch {
      return bytes.count >= length ? .no : .cut
    }
    if isStrict, packet.isRequest {
      for index in packet.servant where !isOfName(bytes[index]) { return .no }
      for index in packet.function where !isOfName(bytes[index]) { return .no }
    }
    if packet.isRequest { packet.readContext(&cursor, bytes) }
    return .packet(packet)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    let isLetter = (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
    return isLetter || [0x5f, 0x2e, 0x2d, 0x3a, 0x24, 0x40].contains(byte)
  }

  /// Six values in order, which say what the packet is; false when they do not.
  private mutating func readFront(
    _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Bool {
    var numbers = InlineArray<5, Int>(repeating: 0)
    for tag in 1...4 {
      let head = try TarsHead(&cursor, bytes)
      guard head.tag == tag, let value = try Self.number(head, &cursor, bytes) else { return false }
      numbers[tag] = value
    }
    version = numbers[1]
    isOneWay = numbers[2] == 1
    let head = try TarsHead(&cursor, bytes)
    guard head.tag == 5 else { return false }
    if head.type == 6 || head.type == 7 {
      isRequest = true
      servant = try Self.text(head, &cursor, bytes)
      let next = try TarsHead(&cursor, bytes)
      guard next.tag == 6, next.type == 6 || next.type == 7 else { return false }
      function = try Self.text(next, &cursor, bytes)
      id = UInt64(UInt32(truncatingIfNeeded: numbers[4]))
      return !servant.isEmpty && !function.isEmpty
    }
    guard let value = try Self.number(head, &cursor, bytes), numbers[2] <= 1 else { return false }
    result = value
    id = UInt64(UInt32(truncatingIfNeeded: numbers[3]))
    // The result itself.
    let next = try TarsHead(&cursor, bytes)
    return next.tag == 6 && next.type == 13
  }

  /// The context of a call stands behind its arguments, which are one run of bytes.
  private mutating func readContext(_ cursor: inout ByteCursor, _ bytes: Span<UInt8>) {
    do throws(EndOfBytes) {
      let arguments = try TarsHead(&cursor, bytes)
      guard arguments.tag == 7, arguments.type == 13 else { return }
      let type = try TarsHead(&cursor, bytes)
      guard type.type == 0 else { return }
      let length = try TarsHead(&cursor, bytes)
      guard let count = try Self.number(length, &cursor, bytes) else { return }
      try cursor.skip(count, in: bytes)
      let timeout = try TarsHead(&cursor, bytes)
      guard try Self.number(timeout, &cursor, bytes) != nil else { return }
      let map = try TarsHead(&cursor, bytes)
      guard map.tag == 9, map.type == 8 else { return }
      let size = try TarsHead(&cursor, bytes)
      guard let pairs = try Self.number(size, &cursor, bytes) else { return }
      for _ in 0..<min(max(0, pairs), 256) {
        let name = try Self.text(try TarsHead(&cursor, bytes), &cursor, bytes)
        let value = try Self.text(try TarsHead(&cursor, bytes), &cursor, bytes)
        if let known = HeaderName(bytes.clipped(name)), let header = TraceHeader(known) {
          trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
        }
      }
    } catch {
      // What was read before stands.
    }
  }

  /// Nil for what is no number.
  private static func number(
    _ head: TarsHead, _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Int? {
    switch head.type {
    case 0: return Int(Int8(truncatingIfNeeded: try cursor.number(of: 1, in: bytes)))
    case 1: return Int(Int16(truncatingIfNeeded: try cursor.number(of: 2, in: bytes)))
    case 2: return Int(Int32(truncatingIfNeeded: try cursor.number(of: 4, in: bytes)))
    case 12: return 0
    default: return nil
    }
  }

  private static func text(
    _ head: TarsHead, _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    guard head.type == 6 || head.type == 7 else { throw EndOfBytes(missing: 0) }
    let count = try cursor.number(of: head.type == 6 ? 1 : 4, in: bytes)
    return try cursor.range(of: Int(clamping: count), in: bytes)
  }
}
