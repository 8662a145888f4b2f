// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads one message, which begins at the front of its bytes: compression pointers count from there.
enum DNSMessage {
  /// How many answer and authority records are told of.
  static let shownRecords = 32

  /// Whether `bytes` are a message from end to end. `isCut` says that the end may be missing.
  static func isValid(_ bytes: Span<UInt8>, size: Int, isCut: Bool) -> Bool {
    guard let header = DNSHeader(bytes), header.isPlausible(size: size) else { return false }
    var offset = DNSHeader.size
    for _ in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else {
        return isCut && offset > DNSHeader.size
      }
      guard question.hasKnownClass,
        DNSName.isPrintable(bytes, from: question.name, to: question.end - 4)
      else { return false }
      offset = question.end
    }
    for _ in 0..<(header.answers + header.authorities + header.additionals) {
      guard let record = DNSRecord(record: offset, in: bytes) else {
        return isCut && offset > DNSHeader.size
      }
      guard record.type == DNSType.opt || record.hasKnownClass || header.opcode == 5 else {
        return false
      }
      offset = record.end
    }
    return offset == bytes.count
  }

  /// Makes a message of `bytes`, which end where the message or the capture does.
  static func read(
    _ bytes: Span<UInt8>, isCut: Bool, into fields: inout FieldBuffer
  ) throws(ParseError) -> Message {
    guard let header = DNSHeader(bytes) else {
      throw ParseError(at: bytes.count, expected: "a header of 12 bytes")
    }
    var message = Message(header.isResponse ? .response : .request)
    message.requestID = UInt64(header.id)
    if isCut { message.flags = .truncated }
    var offset: Int? = DNSHeader.size
    for index in 0..<header.questions {
      guard let start = offset, let question = DNSRecord(question: start, in: bytes) else {
        offset = nil
        break
      }
      if index == 0 { write(question, bytes, to: &message, into: &fields) }
      offset = question.end
    }
    if !isCut, offset == nil {
      throw ParseError(at: DNSHeader.size, expected: "questions, as many as are announced")
    }
    guard header.isResponse else { return message }
    let result = fields.mark
    var code = header.responseCode
    let shown = header.answers + header.authorities
    for index in 0..<(shown + header.additionals) {
      guard let start = offset, let record = DNSRecord(record: start, in: bytes) else { break }
      if index < min(shown, shownRecords) {
        if index > 0 { fields.push("; ") }
        record.push(bytes, into: &fields)
      } else if record.type == DNSType.opt {
        // The upper bits of the code, RFC 6891 section 6.1.3.
        code |= UInt16(record.timeToLive >> 24) << 4
      }
      offset = record.end
    }
    message.texts.responseResult = fields.finish(from: result)
    message.code = Int32(code)
    message.status = code == 0 ? .ok : code == 1 || code == 3 ? .clientError : .serverError
    if code != 0 {
      message.texts.responseException = exception(code, into: &fields)
    }
    return message
  }

  private static func write(
    _ question: DNSRecord, _ bytes: Span<UInt8>, to message: inout Message,
    into fields: inout FieldBuffer
  ) {
    let type = fields.mark
    DNSRecord.push(type: question.type, into: &fields)
    message.texts.requestType = fields.finish(from: type)
    let name = fields.mark
    let isName = DNSName.push(bytes, from: question.name, into: &fields)
    let text = fields.finish(from: name)
    guard isName else { return }
    message.texts.requestResource = text
    message.texts.endpoint = text
    if question.type == DNSType.a || question.type == DNSType.aaaa {
      message.texts.requestDomain = text
    }
  }

  private static func exception(_ code: UInt16, into fields: inout FieldBuffer) -> Text {
    if let name = DNSResponseCode.name(code) { return fields.append(name) }
    let mark = fields.mark
    fields.push("RCODE")
    fields.push(decimal: UInt64(code))
    return fields.finish(from: mark)
  }
}
