// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads one message, which begins at the front of its bytes: compression pointers count from there.
enum DNSMessage {
  /// How many answer and authority records are told of, and how many questions.
  static let shownRecords = 32
  private static let shownQuestions = 16

  /// Whether `bytes` are a message from end to end. `isCut` says that the end may be missing. From a
  /// port that is DNS's own anything is taken that can be read; elsewhere it must not be noise.
  static func isValid(
    _ bytes: Span<UInt8>, size: Int, isCut: Bool, isOnOwnPort: Bool
  ) -> Bool {
    guard let header = DNSHeader(bytes),
      header.isPlausible(size: size, isOnOwnPort: isOnOwnPort)
    else { return false }
    var offset = DNSHeader.size
    for _ in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else {
        return isCut && (isOnOwnPort || offset > DNSHeader.size)
      }
      guard isOnOwnPort || isLikely(question, bytes) else { return false }
      offset = question.end
    }
    for _ in 0..<(header.answers + header.authorities + header.additionals) {
      guard let record = DNSRecord(record: offset, in: bytes) else {
        return isCut && offset > DNSHeader.size
      }
      guard
        isOnOwnPort || record.type == DNSType.opt || record.hasKnownClass || header.opcode == 5
      else { return false }
      offset = record.end
    }
    return offset == bytes.count || isOnOwnPort
  }

  /// Whether a question is one that is asked: not noise, and not one of NetBIOS (RFC 1002 section
  /// 4.2.1), whose packets are alike.
  private static func isLikely(_ question: DNSRecord, _ bytes: Span<UInt8>) -> Bool {
    guard question.hasKnownClass,
      DNSName.isPrintable(bytes, from: question.name, to: question.end - 4)
    else { return false }
    guard question.type == 32 || question.type == 33, bytes[question.name] == 32 else {
      return true
    }
    for index in (question.name + 1)...(question.name + 32) where bytes[index] &- 0x41 >= 16 {
      return true
    }
    return false
  }

  /// Makes a message of `bytes`, which end where the message or the capture does.
  static func read(
    _ bytes: Span<UInt8>, isCut: Bool, into fields: inout FieldBuffer
  ) throws(ParseError) -> Message {
    guard let header = DNSHeader(bytes) else {
      throw ParseError(at: bytes.count, expected: "a header of 12 bytes")
    }
    var message = Message(header.isResponse ? .response : .request)
    message.exchange = UInt64(header.id)
    message.requestID = UInt64(header.id)
    if isCut { message.flags = .truncated }
    let answers = writeQuestions(header, bytes, to: &message, into: &fields)
    if !isCut, answers == nil {
      throw ParseError(at: DNSHeader.size, expected: "questions, as many as are announced")
    }
    message.question = question(header, bytes)
    if header.isResponse { write(header, bytes, from: answers, to: &message, into: &fields) }
    return message
  }

  /// Writes the records behind `start` and what the response says with its code.
  private static func write(
    _ header: DNSHeader, _ bytes: Span<UInt8>, from start: Int?, to message: inout Message,
    into fields: inout FieldBuffer
  ) {
    let result = fields.mark
    var code = header.responseCode
    var offset = start
    let shown = header.answers + header.authorities
    for index in 0..<(shown + header.additionals) {
      guard let start = offset, let record = DNSRecord(record: start, in: bytes) else { break }
      if index < min(shown, shownRecords) {
        if fields.mark - result <= FieldBuffer.textLimit {
          if index > 0 { fields.push("; ") }
          record.push(bytes, into: &fields)
        }
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
  }

  /// Writes what is asked for and of which names: of several questions, all that differ. Where they
  /// end; nil when they cannot be read.
  private static func writeQuestions(
    _ header: DNSHeader, _ bytes: Span<UInt8>, to message: inout Message,
    into fields: inout FieldBuffer
  ) -> Int? {
    let types = fields.mark
    if header.opcode != DNSOpcode.query { DNSOpcode.push(header.opcode, into: &fields) }
    var offset = DNSHeader.size
    var previous: DNSRecord?
    for index in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else { break }
      offset = question.end
      guard header.opcode == DNSOpcode.query, index < shownQuestions,
        question.type != previous?.type
      else { continue }
      if index > 0 { fields.push(", ") }
      DNSRecord.push(type: question.type, into: &fields)
      previous = question
    }
    message.texts.requestType = fields.finish(from: types)
    offset = DNSHeader.size
    let names = fields.mark
    var first: DNSRecord?
    previous = nil
    for index in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else {
        finish(names, &message, into: &fields)
        return nil
      }
      offset = question.end
      if let previous, isSame(previous, question, bytes) { continue }
      previous = question
      guard index < shownQuestions, fields.mark - names <= FieldBuffer.textLimit else { continue }
      let mark = fields.mark
      if index > 0 { fields.push(", ") }
      guard DNSName.push(bytes, from: question.name, into: &fields) else {
        fields.cut(to: mark)
        continue
      }
      if first == nil {
        first = question
        message.texts.endpoint = Text(
          offset: UInt32(names), length: UInt32(min(fields.mark - names, FieldBuffer.textLimit)))
      }
    }
    finish(names, &message, into: &fields)
    if let first, first.type == DNSType.a || first.type == DNSType.aaaa {
      message.texts.requestDomain = message.texts.endpoint
    }
    return offset
  }

  private static func finish(
    _ names: Int, _ message: inout Message, into fields: inout FieldBuffer
  ) {
    message.texts.requestResource = fields.finish(from: names)
  }

  private static func isSame(
    _ one: DNSRecord, _ other: DNSRecord, _ bytes: Span<UInt8>
  ) -> Bool {
    if bytes[other.name] == 0xC0 { return Int(bytes[other.name + 1]) == one.name }
    guard let number = DNSName.number(bytes, from: one.name) else { return false }
    return number == DNSName.number(bytes, from: other.name)
  }

  /// What tells that a response is to a request of the same id; see ``Message/question``.
  private static func question(_ header: DNSHeader, _ bytes: Span<UInt8>) -> MessageQuestion? {
    if header.questions > 0 {
      guard let question = DNSRecord(question: DNSHeader.size, in: bytes),
        let name = DNSName.number(bytes, from: question.name)
      else { return nil }
      return MessageQuestion(name: name, type: question.type)
    }
    // Of a response that does not repeat the question, the first answer says the name.
    guard header.isResponse, header.answers > 0,
      let record = DNSRecord(record: DNSHeader.size, in: bytes),
      let name = DNSName.number(bytes, from: record.name)
    else { return nil }
    return MessageQuestion(name: name, type: nil)
  }

  private static func exception(_ code: UInt16, into fields: inout FieldBuffer) -> Text {
    if let name = DNSResponseCode.name(code) { return fields.append(name) }
    let mark = fields.mark
    fields.push("RCODE")
    fields.push(decimal: UInt64(code))
    return fields.finish(from: mark)
  }
}
