// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// DNS over UDP and TCP: RFC 1035, with EDNS (RFC 6891), multicast DNS (RFC 6762) and LLMNR
/// (RFC 4795), which share its format.
package struct DNSParser: ProtocolParser {
  package static let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 120), name: "DNS", transports: [.udp, .tcp],
    pairing: .identifier, timeoutSeconds: 15, defaultPorts: [53, 5_353, 5_355])

  package static let groupPorts: [UInt16] = [5_353, 5_355]

  /// Those of NetBIOS, whose packets are alike: RFC 1002.
  private static let foreignPorts: [UInt16] = [137, 138]

  /// What stands around a message. A parser is not told the transport, but the first message tells:
  /// no message is valid both with its length in front (RFC 1035 section 4.2.2) and without.
  private enum Framing {
    case unknown
    case datagram
    case stream
  }

  private var framing = Framing.unknown
  /// The transfer that was asked for last: its id and type.
  private var asked: (id: UInt16, isIncremental: Bool)?
  /// The one whose messages are coming.
  private var transfer: DNSTransfer?

  package init() {}

  package static func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard !foreignPorts.contains(context.serverPort) else { return .no }
    let isOnOwnPort = descriptor.defaultPorts.contains(context.serverPort)
    if context.transport == .udp {
      let isValid = DNSMessage.isValid(
        bytes, size: context.isTruncated ? .max : bytes.count, isCut: context.isTruncated,
        isOnOwnPort: isOnOwnPort)
      return isValid ? sender(bytes) : .no
    }
    guard bytes.count >= 2 else { return .undecided }
    let size = streamSize(bytes)
    guard size >= DNSHeader.size + (isOnOwnPort ? 0 : 5) else { return .no }
    guard bytes.count >= 2 + DNSHeader.size else {
      return bytes.count < 6 || isPlausibleStart(bytes) ? .undecided : .no
    }
    let end = min(bytes.count, 2 + size)
    let message = bytes.clipped(from: 2, to: end)
    guard let header = DNSHeader(message),
      header.isPlausible(size: size, isOnOwnPort: isOnOwnPort)
    else { return .no }
    let isWhole = message.count == size
    if DNSMessage.isValid(message, size: size, isCut: false, isOnOwnPort: isOnOwnPort) {
      return sender(message)
    }
    guard !isWhole else { return .no }
    return context.isTruncated
      && DNSMessage.isValid(message, size: size, isCut: true, isOnOwnPort: isOnOwnPort)
      ? sender(message) : .undecided
  }

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if framing == .unknown {
      if DNSMessage.isValid(bytes, size: bytes.count, isCut: false, isOnOwnPort: false) {
        framing = .datagram
      } else if bytes.count < 2 + DNSHeader.size {
        guard view.isFinal else { return .needMore }
        // A response may be a header alone.
        guard bytes.count >= DNSHeader.size else {
          throw ParseError(at: bytes.count, expected: "a message")
        }
        framing = .datagram
      } else {
        framing = Self.isStream(bytes) ? .stream : .datagram
      }
    }
    if framing == .datagram {
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

  /// Whether a message begins behind a length.
  private static func isStream(_ bytes: Span<UInt8>) -> Bool {
    let size = streamSize(bytes)
    return DNSHeader(bytes.extracting(droppingFirst: 2))?.isPlausible(
      size: size, isOnOwnPort: 2 + size == bytes.count) == true
  }

  /// The length that stands before a message in a stream.
  private static func streamSize(_ bytes: Span<UInt8>) -> Int {
    Int(bytes[0]) << 8 | Int(bytes[1])
  }

  /// Whether flags and the question count, as far as they are there, are those of a message.
  private static func isPlausibleStart(_ bytes: Span<UInt8>) -> Bool {
    let opcode = bytes[4] >> 3 & 15
    guard [0, 1, 2, 4, 5, 6].contains(opcode) else { return false }
    return bytes.count < 7 || bytes[6] == 0
  }

  private static func sender(_ message: Span<UInt8>) -> Recognition {
    .yes(sentBy: message[2] & 0x80 == 0 ? .client : .server)
  }
}
