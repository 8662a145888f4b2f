// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// DNS over UDP and TCP: RFC 1035, with EDNS (RFC 6891), multicast DNS (RFC 6762) and LLMNR
/// (RFC 4795), which share its format.
package struct DNSParser: ProtocolParser {
  package static let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 120), name: "DNS", transports: [.udp, .tcp],
    pairing: .identifier, timeoutSeconds: 15, defaultPorts: [53, 5_353, 5_355])

  /// What stands around a message. A parser is not told the transport, but the first message tells:
  /// no message is valid both with its length in front (RFC 1035 section 4.2.2) and without.
  private enum Framing {
    case unknown
    case datagram
    case stream
  }

  private var framing = Framing.unknown

  package init() {}

  package static func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    if context.transport == .udp {
      let isValid = DNSMessage.isValid(
        bytes, size: context.isTruncated ? .max : bytes.count, isCut: context.isTruncated)
      return isValid ? sender(bytes) : .no
    }
    guard bytes.count >= 2 else { return .undecided }
    let size = streamSize(bytes)
    guard size >= DNSHeader.size + 5 else { return .no }
    guard bytes.count >= 2 + DNSHeader.size else {
      return bytes.count < 6 || isPlausibleStart(bytes) ? .undecided : .no
    }
    let end = min(bytes.count, 2 + size)
    let message = bytes.clipped(from: 2, to: end)
    guard let header = DNSHeader(message), header.isPlausible(size: size) else { return .no }
    if DNSMessage.isValid(message, size: size, isCut: false) { return sender(message) }
    guard message.count < size else { return .no }
    return context.isTruncated && DNSMessage.isValid(message, size: size, isCut: true)
      ? sender(message) : .undecided
  }

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if framing == .unknown {
      if DNSMessage.isValid(bytes, size: bytes.count, isCut: false) {
        framing = .datagram
      } else if bytes.count < 2 + DNSHeader.size {
        guard view.isFinal else { return .needMore }
        throw ParseError(at: bytes.count, expected: "a message")
      } else {
        let header = DNSHeader(bytes.extracting(droppingFirst: 2))
        let isStream = header?.isPlausible(size: Self.streamSize(bytes)) == true
        framing = isStream ? .stream : .datagram
      }
    }
    if framing == .datagram {
      guard DNSHeader(bytes)?.isPlausible(size: .max) == true else {
        throw ParseError(at: 0, expected: "a message's header")
      }
      let isValid = DNSMessage.isValid(bytes, size: bytes.count, isCut: false)
      message = try DNSMessage.read(bytes, isCut: !isValid, into: &fields)
      return .message(.bytes(bytes.count))
    }
    guard bytes.count >= 2 else {
      if view.isFinal { return .skip(bytes.count) }
      return .needMore
    }
    let size = Self.streamSize(bytes)
    guard size >= DNSHeader.size else { throw ParseError(at: 0, expected: "a length from 12") }
    let isCut = bytes.count < 2 + size
    if isCut, !view.isFinal { return .needMore }
    let end = min(bytes.count, 2 + size)
    message = try DNSMessage.read(bytes.clipped(from: 2, to: end), isCut: isCut, into: &fields)
    return .message(.bytes(2 + size))
  }

  /// The length that stands before a message in a stream.
  private static func streamSize(_ bytes: Span<UInt8>) -> Int {
    Int(bytes[0]) << 8 | Int(bytes[1])
  }

  /// Whether flags and the question count, as far as they are there, are those of a message.
  private static func isPlausibleStart(_ bytes: Span<UInt8>) -> Bool {
    let opcode = bytes[4] >> 3 & 15
    guard [0, 2, 4, 5].contains(opcode), bytes[5] & 0x40 == 0 else { return false }
    return bytes.count < 7 || bytes[6] == 0
  }

  private static func sender(_ message: Span<UInt8>) -> Recognition {
    .yes(sentBy: message[2] & 0x80 == 0 ? .client : .server)
  }
}
