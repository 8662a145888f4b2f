// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads DNS over UDP and TCP.
struct DNSParser: ProtocolParser {
  /// Whether a length stands before each message (RFC 1035 section 4.2.2).
  let isStream: Bool
  /// The transfer that was asked for last: its id and type.
  private var asked: (id: UInt16, isIncremental: Bool)?
  /// The one whose messages are coming.
  private var transfer: DNSTransfer?

  init(isStream: Bool) { self.isStream = isStream }

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if !isStream {
      let header = DNSHeader(bytes)
      guard header?.isPlausible(size: DNSHeader.longestMessage, isOnOwnPort: true) == true else {
        throw ParseError(at: 0, expected: "a message's header")
      }
      let isValid = DNSMessage.isValid(
        bytes, size: bytes.count, isCut: false, isOnOwnPort: true)
      message = try DNSMessage.read(bytes, isCut: !isValid, into: &fields)
      return .message(.bytes(bytes.count))
    }
    return try nextInStream(bytes, isFinal: view.isFinal, from: side, into: &message, &fields)
  }

  private mutating func nextInStream(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= 2 else { return isFinal ? .skip(bytes.count) : .needMore }
    let size = Self.streamSize(bytes)
    guard size >= DNSHeader.size else { throw ParseError(at: 0, expected: "a length from 12") }
    let isCut = bytes.count < 2 + size
    if isCut, !isFinal { return .needBytes(2 + size) }
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
    message = try DNSMessage.read(body, isCut: isCut, into: &fields)
    if message.kind == .request {
      noteRequest(body)
      return .message(.bytes(2 + size))
    }
    let beginning = DNSTransfer.beginning(of: body, asked: askedType(body))
    if case .none = beginning { return .message(.bytes(2 + size)) }
    asked = nil
    // The capture may hide where it ends, or the server not say it.
    guard case .ends(let begun) = beginning, !isCut else { return .message(.untilTurn) }
    transfer = begun
    return .message(.head(2 + size))
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server { transfer = nil }
  }

  /// Remembers a request for a transfer: not every message of the response repeats it.
  private mutating func noteRequest(_ bytes: Span<UInt8>) {
    guard let header = DNSHeader(bytes), header.questions > 0,
      let question = DNSRecord(question: DNSHeader.size, in: bytes),
      question.type == DNSType.axfr || question.type == DNSType.ixfr
    else { return }
    asked = (header.id, question.type == DNSType.ixfr)
  }

  private func askedType(_ bytes: Span<UInt8>) -> UInt16? {
    guard let asked, let header = DNSHeader(bytes), header.id == asked.id else { return nil }
    return asked.isIncremental ? DNSType.ixfr : DNSType.axfr
  }

  /// The length that stands before a message in a stream.
  static func streamSize(_ bytes: Span<UInt8>) -> Int {
    Int(bytes[0]) << 8 | Int(bytes[1])
  }
}
