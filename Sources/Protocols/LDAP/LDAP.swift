// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// LDAP 3 over TCP (RFC 4511, whose sections are named here). Requests and responses find each other by the
/// message's id.
package struct LDAP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 155), name: "LDAP", pairing: .identifier,
    timeoutSeconds: 60, defaultPorts: [389, 3_268], answers: .results, sureness: 170)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { LDAPParser() }

  /// A sequence; its length in one byte, or in up to four more.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0x30]), at: 0).with(
      ByteSet(5...0x7f).union(ByteSet(0x81...0x84)), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0, bytes[0] == 0x30 else { return .no }
    guard bytes.count >= 2 else { return .undecided }
    guard let head = LDAPHead(bytes) else {
      return LDAPHead.isPossible(bytes) ? .undecided : .no
    }
    guard let operation = head.operation else { return .no }
    if let side = context.side, side != operation.sender { return .no }
    // Of what is known of all of a kind: numbers, and how far the parts reach.
    let inner = head.contents
    guard inner.upperBound <= head.length else { return .no }
    switch operation {
    case .bindRequest:
      guard bytes.count >= inner.lowerBound + 3 else { return .undecided }
      guard bytes[inner.lowerBound] == 2, bytes[inner.lowerBound + 1] == 1,
        (2...3).contains(bytes[inner.lowerBound + 2])
      else { return .no }
    case .unbindRequest, .abandonRequest, .deleteRequest:
      // Too short to be sure.
      return bytes.count >= head.length ? .undecided : .no
    case .searchRequest, .modifyRequest, .addRequest, .modifyDNRequest, .compareRequest,
      .searchEntry:
      guard bytes.count > inner.lowerBound else { return .undecided }
      guard bytes[inner.lowerBound] == 4 else { return .no }
    case .extendedRequest:
      guard bytes.count > inner.lowerBound else { return .undecided }
      guard bytes[inner.lowerBound] == 0x80 else { return .no }
    case .searchReference, .intermediate: return .no
    default:
      guard bytes.count >= inner.lowerBound + 2 else { return .undecided }
      guard bytes[inner.lowerBound] == 0x0a, bytes[inner.lowerBound + 1] == 1 else { return .no }
    }
    return .yes(sentBy: operation.sender)
  }
}

/// `LDAPMessage`: a sequence of an id and an operation (section 4.1.1).
struct LDAPHead {
  private static let longest = 1 << 28

  /// Of all of it.
  let length: Int
  let id: UInt64
  /// Nil when it is none that is known.
  let operation: LDAPOperation?
  /// What the operation holds; may reach beyond the view.
  let contents: Range<Int>

  /// Nil when the view ends in it, or it is none; ``isPossible(_:)`` tells which.
  init?(_ bytes: Span<UInt8>) {
    var cursor = DERCursor(at: 0, to: Int.max)
    guard let outer = try? cursor.head(in: bytes), outer.tag == 0x30, outer.length >= 5,
      outer.length <= Self.longest
    else { return nil }
    length = cursor.cursor.place + outer.length
    guard let number = try? cursor.head(in: bytes), number.tag == 2,
      (1...4).contains(number.length),
      let range = try? cursor.cursor.range(of: number.length, in: bytes),
      let id = bytes.integer(at: range), id >= 0,
      let inner = try? cursor.head(in: bytes)
    else { return nil }
    self.id = UInt64(id)
    operation = LDAPOperation(rawValue: inner.tag)
    contents = cursor.cursor.place..<(cursor.cursor.place + inner.length)
  }

  /// Whether more bytes may make it one.
  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 1 else { return bytes.count == 0 || bytes[0] == 0x30 }
    let size = bytes[1] < 0x80 ? 0 : Int(bytes[1] & 0x7f)
    guard bytes[0] == 0x30, size <= 4, bytes[1] != 0x80 else { return false }
    let place = 2 + size
    guard bytes.count > place else { return true }
    guard bytes[place] == 2 else { return false }
    guard bytes.count > place + 1 else { return true }
    let count = Int(bytes[place + 1])
    guard (1...4).contains(count) else { return false }
    guard bytes.count > place + 2 else { return true }
    guard bytes[place + 2] < 0x80 else { return false }
    let tag = place + 2 + count
    guard bytes.count > tag else { return true }
    guard LDAPOperation(rawValue: bytes[tag]) != nil else { return false }
    return bytes.count < tag + 6
  }
}

/// `protocolOp`, by its tag.
enum LDAPOperation: UInt8 {
  case bindRequest = 0x60
  case bindResponse = 0x61
  case unbindRequest = 0x42
  case searchRequest = 0x63
  case searchEntry = 0x64
  case searchDone = 0x65
  case modifyRequest = 0x66
  case modifyResponse = 0x67
  case addRequest = 0x68
  case addResponse = 0x69
  case deleteRequest = 0x4a
  case deleteResponse = 0x6b
  case modifyDNRequest = 0x6c
  case modifyDNResponse = 0x6d
  case compareRequest = 0x6e
  case compareResponse = 0x6f
  case abandonRequest = 0x50
  case searchReference = 0x73
  case extendedRequest = 0x77
  case extendedResponse = 0x78
  case intermediate = 0x79

  var sender: Side {
    switch self {
    case .bindRequest, .unbindRequest, .searchRequest, .modifyRequest, .addRequest, .deleteRequest,
      .modifyDNRequest, .compareRequest, .abandonRequest, .extendedRequest:
      .client
    default: .server
    }
  }

  var name: StaticString {
    switch self {
    case .bindRequest: "bind"
    case .unbindRequest: "unbind"
    case .searchRequest: "search"
    case .modifyRequest: "modify"
    case .addRequest: "add"
    case .deleteRequest: "delete"
    case .modifyDNRequest: "modifyDN"
    case .compareRequest: "compare"
    case .abandonRequest: "abandon"
    case .extendedRequest: "extended"
    default: "response"
    }
  }
}
