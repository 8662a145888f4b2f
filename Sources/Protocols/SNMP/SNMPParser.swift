// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads SNMP: what is asked is a request, what is answered its response, a trap complete in itself.
///
/// The resource is the first name that is asked for.
struct SNMPParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard let message = SNMPMessage(bytes, isCut: true) else {
      throw ParseError(at: 0, expected: "a message")
    }
    // Of what is encrypted, who says it tells what it is.
    let isAnswer = message.type == 0 ? side == .server : message.isAnswer
    desk.message = Message(isAnswer ? .response : message.isOneWay ? .session : .request)
    desk.message.exchange = message.id
    desk.message.requestID = message.id
    desk.message.length = Int64(bytes.count)
    desk.message.parts = message.count
    guard !isAnswer else {
      describe(answer: message, on: &desk)
      return .message(.bytes(bytes.count))
    }
    let version: StaticString = message.version == 0 ? "1" : message.version == 1 ? "2c" : "3"
    desk.message.texts.version = desk.fields.append(version)
    desk.message.texts.requestType = desk.fields.append(message.typeName)
    desk.message.texts.endpoint = desk.message.texts.requestType
    let mark = desk.fields.mark
    push(objectIdentifier: bytes.clipped(message.name), into: &desk.fields)
    desk.message.texts.requestResource = desk.fields.finish(from: mark)
    return .message(.bytes(bytes.count))
  }

  /// Numbers with dots between them (X.690 section 8.19).
  private func push(objectIdentifier bytes: Span<UInt8>, into fields: inout FieldBuffer) {
    var number: UInt64 = 0
    var isFirst = true
    for index in bytes.indices {
      number = (number & (1 << 57 - 1)) << 7 | UInt64(bytes[index] & 0x7f)
      guard bytes[index] < 0x80 else { continue }
      if isFirst {
        fields.push(decimal: min(number / 40, 2))
        number -= min(number / 40, 2) * 40
        isFirst = false
      }
      fields.push(UInt8(ascii: "."))
      fields.push(decimal: number)
      number = 0
    }
  }

  /// RFC 3416 section 3.
  private func describe(answer message: SNMPMessage, on desk: inout Desk) {
    if message.type == 0 || message.type == 0xa8 {
      // A report says that something is missing that secures it; what it is, is in its name.
      if message.type == 0xa8 { desk.message.status = .clientError }
      return
    }
    desk.message.code = Int32(truncatingIfNeeded: message.error)
    guard message.error != 0 else { return }
    desk.message.status = [5, 13, 14, 15].contains(message.error) ? .serverError : .clientError
    if let name = Self.name(message.error) {
      desk.message.texts.responseException = desk.fields.append(name)
    }
  }

  private static func name(_ error: Int64) -> StaticString? {
    switch error {
    case 1: "tooBig"
    case 2: "noSuchName"
    case 3: "badValue"
    case 4: "readOnly"
    case 5: "genErr"
    case 6: "noAccess"
    case 7: "wrongType"
    case 8: "wrongLength"
    case 9: "wrongEncoding"
    case 10: "wrongValue"
    case 11: "noCreation"
    case 12: "inconsistentValue"
    case 13: "resourceUnavailable"
    case 14: "commitFailed"
    case 15: "undoFailed"
    case 16: "authorizationError"
    case 17: "notWritable"
    case 18: "inconsistentName"
    default: nil
    }
  }
}
