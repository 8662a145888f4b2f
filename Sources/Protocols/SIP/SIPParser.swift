// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads SIP: each request is one, its final response the response; what is provisional is passed over.
///
/// Type and endpoint are the method, the domain is the host, the resource the address without its user.
struct SIPParser: ProtocolParser {
  /// Bytes of a head that are looked at, at most.
  private static let reach = 16_384

  let isStream: Bool

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    // Section 7.5, and what keeps a connection open (RFC 5626 section 3.5.1).
    if bytes[0] == 0x0d || bytes[0] == 0x0a || (bytes[0] == 0 && !isStream) {
      return .skip(isStream ? 1 : bytes.count)
    }
    guard SIPStartLine.mayBegin(with: bytes) else {
      throw ParseError(at: 0, expected: "the first line of a message")
    }
    let head = bytes.clipped(from: 0, to: Self.reach)
    guard let line = TextLine(head, from: 0) else { return try wait(bytes, view.isFinal) }
    guard let start = SIPStartLine(bytes, line.text) else {
      throw ParseError(at: 0, expected: "the first line of a message")
    }
    let headers = SIPHeaders(head, from: line.end)
    if headers.end == nil, !view.isFinal { return try wait(bytes, view.isFinal) }
    let all = isStream ? (headers.end ?? bytes.count) + headers.length : bytes.count
    if let code = start.code, code < 200 { return .skip(all) }
    guard !headers.callID.isEmpty, !headers.sequence.isEmpty else { return .skip(all) }
    desk.message = Message(start.code == nil ? .request : .response)
    desk.message.exchange = headers.exchange(bytes)
    desk.message.length = Int64(headers.length)
    if headers.end == nil { desk.message.flags.insert(.truncated) }
    if let code = start.code {
      write(code, start.reason, bytes, on: &desk)
    } else if let method = start.method {
      if bytes.hasPrefix("ACK ", at: 0) {
        desk.message.kind = .session
        desk.message.exchange = nil
      }
      if side == .server { desk.message.isPush = true }
      describe(method, start.target, headers, bytes, on: &desk)
    }
    return .message(.bytes(all))
  }

  private func wait(_ bytes: Span<UInt8>, _ isFinal: Bool) throws(ParseError) -> ParseStep {
    guard bytes.count < Self.reach else { throw ParseError(at: 0, expected: "the end of a head") }
    return isFinal ? .skip(bytes.count) : .needMore()
  }

  private func describe(
    _ method: StaticString, _ target: Range<Int>, _ headers: SIPHeaders, _ bytes: Span<UInt8>,
    on desk: inout Desk
  ) {
    desk.message.texts.requestType = desk.fields.append(method)
    desk.message.texts.endpoint = desk.message.texts.requestType
    let host = Self.host(target, bytes)
    desk.message.texts.requestDomain = desk.fields.append(bytes, at: host)
    if !host.isEmpty {
      let mark = desk.fields.mark
      desk.fields.push(host.lowerBound > target.lowerBound + 5 ? "sip:?@" : "sip:")
      desk.fields.push(bytes.clipped(host))
      desk.message.texts.requestResource = desk.fields.finish(from: mark)
    }
    desk.message.texts.userAgent = desk.fields.append(freeText: bytes, at: headers.userAgent)
    desk.fields.append(
      attribute: "sip.call_id_hash", DecimalDigits(nameHash(bytes, headers.callID)).span,
      to: &desk.message.attributes)
  }

  /// The host of an address (section 19.1.1): behind the user, before the port and what else follows. Numbers
  /// of telephones have none.
  private static func host(_ target: Range<Int>, _ bytes: Span<UInt8>) -> Range<Int> {
    guard !bytes.hasPrefix("tel:", at: target.lowerBound) else { return 0..<0 }
    let scheme = bytes.hasPrefix("sips:", at: target.lowerBound) ? 5 : 4
    var start = target.lowerBound + scheme
    for index in start..<max(start, target.upperBound) where bytes[index] == UInt8(ascii: "@") {
      start = index + 1
    }
    var end = start
    while end < target.upperBound {
      let byte = bytes[end]
      guard (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2d || byte == 0x2e else {
        break
      }
      end += 1
    }
    return start..<end
  }

  /// Section 21.
  private func write(
    _ code: Int, _ reason: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.code = Int32(code)
    guard code >= 400 else { return }
    desk.message.status = (500..<600).contains(code) ? .serverError : .clientError
    desk.message.texts.responseException = desk.fields.append(
      errorText: bytes, at: reason, .values)
  }
}
