// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Simple Network Management Protocol, versions 1, 2c and 3: RFC 1157, RFC 3416, RFC 3412. Answers repeat the
/// number of what they answer.
package struct SNMP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 207), name: "SNMP", transports: [.udp],
    pairing: .identifier, timeoutSeconds: 30, defaultPorts: [161, 162], sureness: 150)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { SNMPParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0x30]), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard let message = SNMPMessage(bytes, isCut: context.isTruncated) else { return .no }
    switch message.type {
    case 0xa0, 0xa1, 0xa3, 0xa5: return .yes(sentBy: .client)
    case 0xa2, 0xa8: return .yes(sentBy: .server)
    // Of what is told unasked, who tells it is the client of who listens.
    case 0xa4, 0xa6, 0xa7: return .yes(sentBy: .client)
    default: return .yes(sentBy: nil)
    }
  }
}

/// The front of a message, down to the names that it asks for. The community, which is a password, and
/// values are passed over.
struct SNMPMessage {
  let version: Int64
  /// The tag of what it says (RFC 3416 section 3); 0 for what is encrypted.
  private(set) var type: UInt8 = 0
  private(set) var id: UInt64 = 0
  private(set) var error: Int64 = 0
  /// The first name.
  private(set) var name = 0..<0
  private(set) var count: UInt32 = 0

  /// Nil for what is none.
  init?(_ bytes: Span<UInt8>, isCut: Bool = false) {
    var outer = DERCursor(at: 0, to: bytes.count)
    guard let (tag, length) = try? outer.head(in: bytes), tag == 0x30,
      isCut || outer.cursor.place + length == bytes.count,
      let number = try? outer.value(0x02, in: bytes), let version = bytes.integer(at: number),
      [0, 1, 3].contains(version)
    else { return nil }
    self.version = version
    do throws(EndOfBytes) {
      if version == 3 {
        guard try readThird(&outer, bytes) else { return nil }
      } else {
        _ = try outer.value(0x04, in: bytes)
        try readContents(&outer, bytes)
      }
    } catch {
      return nil
    }
  }

  /// Of version 3 (RFC 3412 section 6): a head, what secures it, and what it says, in clear or not.
  private mutating func readThird(
    _ outer: inout DERCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Bool {
    var head = try outer.inside(0x30, in: bytes)
    guard let number = bytes.integer(at: try head.value(0x02, in: bytes)),
      let longest = bytes.integer(at: try head.value(0x02, in: bytes)), longest >= 484
    else { return false }
    id = UInt64(truncatingIfNeeded: number)
    _ = try head.value(0x04, in: bytes)
    _ = try outer.value(0x04, in: bytes)
    guard outer.next(in: bytes) == 0x30 else {
      _ = try outer.value(0x04, in: bytes)
      return true
    }
    var scoped = try outer.inside(0x30, in: bytes)
    _ = try scoped.value(0x04, in: bytes)
    _ = try scoped.value(0x04, in: bytes)
    try readContents(&scoped, bytes)
    return true
  }

  private mutating func readContents(
    _ cursor: inout DERCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    let (tag, range) = try cursor.value(in: bytes)
    guard 0xa0...0xa8 ~= tag else { throw EndOfBytes(missing: 0) }
    type = tag
    var contents = DERCursor(range)
    // The first version's trap is another structure: an enterprise, and no number.
    if tag == 0xa4 {
      name = try contents.value(0x06, in: bytes)
      return
    }
    guard let number = bytes.integer(at: try contents.value(0x02, in: bytes)),
      let error = bytes.integer(at: try contents.value(0x02, in: bytes))
    else { throw EndOfBytes(missing: 0) }
    if version != 3 { id = UInt64(truncatingIfNeeded: number) }
    self.error = error
    _ = try contents.value(0x02, in: bytes)
    var list = try contents.inside(0x30, in: bytes)
    while !list.isAtEnd, var pair = try? list.inside(0x30, in: bytes) {
      guard let found = try? pair.value(0x06, in: bytes) else { break }
      if count == 0 { name = found }
      count += 1
    }
  }

  var isAnswer: Bool { type == 0xa2 || type == 0xa8 }
  /// Traps, which nobody answers.
  var isOneWay: Bool { type == 0xa4 || type == 0xa7 }

  var typeName: StaticString {
    switch type {
    case 0xa0: "GetRequest"
    case 0xa1: "GetNextRequest"
    case 0xa2: "Response"
    case 0xa3: "SetRequest"
    case 0xa4, 0xa7: "Trap"
    case 0xa5: "GetBulkRequest"
    case 0xa6: "InformRequest"
    case 0xa8: "Report"
    default: "Encrypted"
    }
  }
}
