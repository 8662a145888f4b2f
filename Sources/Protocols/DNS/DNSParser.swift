// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads DNS over UDP and TCP.
struct DNSParser: ProtocolParser {
  /// Whether a length stands before each message (RFC 1035 section 4.2.2).
  let isStream: Bool
  /// The one whose messages are coming.
  private var transfer: DNSTransfer?

  init(isStream: Bool) { self.isStream = isStream }

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if !isStream {
      let header = DNSHeader(bytes)
      guard header?.isPlausible(size: DNSHeader.longestMessage, isOnOwnPort: true) == true else {
        throw ParseError(at: 0, expected: "a message's header")
      }
      let isValid = DNSMessage.isValid(
        bytes, size: bytes.count, isCut: false, isOnOwnPort: true)
      desk.message = try DNSMessage.read(bytes, isCut: !isValid, into: &desk.fields)
      return .message(.bytes(bytes.count))
    }
    return try nextInStream(bytes, isFinal: view.isFinal, from: side, on: &desk)
  }

  private mutating func nextInStream(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= 2 else { return isFinal ? .skip(bytes.count) : .needMore() }
    let size = Self.streamSize(bytes)
    guard size >= DNSHeader.size else { throw ParseError(at: 0, expected: "a length from 12") }
    let isCut = bytes.count < 2 + size
    if isCut, !isFinal { return .needMore(atLeast: 2 + size) }
    let body = bytes.clipped(from: 2, to: 2 + size)
    if let header = DNSHeader(body), header.isResponse, header.id == transfer?.id {
      let isLast = transfer?.take(body) == true && !isCut
      if isLast { transfer = nil }
      return .body(2 + size, isLast: isLast)
    }
    if side == .server {
      transfer = nil
      // Nobody asks the other way round on a connection, but by what RFC 8490 adds.
      if let header = DNSHeader(body), !header.isResponse, header.opcode != 6 {
        throw ParseError(at: 4, expected: "a response")
      }
    }
    var asked: UInt16?
    if let header = DNSHeader(body), header.isResponse, header.questions == 0 {
      // Not every message of a transfer repeats what was asked.
      let id = UInt64(header.id)
      guard let request = desk.asked(id) else { return .lookUp(id) }
      asked = request.note.flatMap { $0 > 0 ? UInt16(truncatingIfNeeded: $0) : nil }
    }
    desk.message = try DNSMessage.read(body, isCut: isCut, into: &desk.fields)
    if desk.message.kind == .request {
      desk.message.note = Self.transferType(body)
      return .message(.bytes(2 + size))
    }
    let beginning = DNSTransfer.beginning(of: body, asked: asked)
    if case .none = beginning { return .message(.bytes(2 + size)) }
    // The capture may hide where it ends, or the server not say it.
    guard case .ends(let begun) = beginning, !isCut else { return .message(.untilTurn) }
    transfer = begun
    return .message(.head(2 + size))
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server { transfer = nil }
  }

  /// The type of a request for a transfer; 0 of any other.
  private static func transferType(_ bytes: Span<UInt8>) -> UInt64 {
    guard let header = DNSHeader(bytes), header.questions > 0,
      let question = DNSRecord(question: DNSHeader.size, in: bytes),
      question.type == DNSType.axfr || question.type == DNSType.ixfr
    else { return 0 }
    return UInt64(question.type)
  }

  /// The length that stands before a message in a stream.
  static func streamSize(_ bytes: Span<UInt8>) -> Int {
    Int(bytes[0]) << 8 | Int(bytes[1])
  }
}
