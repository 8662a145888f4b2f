// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads SOME/IP: requests, those that need no answer, what is told unasked, and answers. What is said of
/// services being there is passed over.
///
/// The type is what the message is, the resource the service, the endpoint service and method, in hexadecimal.
struct SOMEIPParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard let header = SOMEIPHeader(bytes) else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: SOMEIPHeader.size)
    }
    guard header.isPlausible else { throw ParseError(at: 0, expected: "the head of a message") }
    if header.isDiscovery { return .skip(header.length) }
    desk.message = Message(
      header.isAnswer ? .response : header.type == 0 ? .request : .session)
    desk.message.exchange = header.exchange
    desk.message.requestID = UInt64(header.session)
    desk.message.length = Int64(header.length - 8)
    if header.isNotification { desk.message.isPush = true }
    if header.isAnswer {
      describe(answer: header, on: &desk)
    } else {
      describe(request: header, on: &desk)
    }
    return .message(.bytes(header.length))
  }

  private func describe(request header: SOMEIPHeader, on desk: inout Desk) {
    let version = desk.fields.mark
    desk.fields.push(decimal: UInt64(header.protocolVersion))
    desk.fields.push(UInt8(ascii: "."))
    desk.fields.push(decimal: UInt64(header.interface))
    desk.message.texts.version = desk.fields.finish(from: version)
    desk.message.texts.requestType = desk.fields.append(
      header.type == 0 ? "REQUEST" : header.type == 1 ? "REQUEST_NO_RETURN" : "NOTIFICATION")
    let resource = desk.fields.mark
    desk.fields.push(hexadecimal: UInt64(header.service), digits: 4)
    desk.message.texts.requestResource = desk.fields.finish(from: resource)
    let endpoint = desk.fields.mark
    desk.fields.push(hexadecimal: UInt64(header.service), digits: 4)
    desk.fields.push(UInt8(ascii: "/"))
    desk.fields.push(hexadecimal: UInt64(header.method), digits: 4)
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    desk.fields.append(
      attribute: "someip.client_id", number: Int64(header.client), to: &desk.message.attributes)
  }

  /// Return codes: section 4.1.2.8.
  private func describe(answer header: SOMEIPHeader, on desk: inout Desk) {
    desk.message.code = Int32(header.code)
    guard header.code != 0 else { return }
    desk.message.status = [2, 3, 7, 8, 9, 10].contains(header.code) ? .clientError : .serverError
    if let name = Self.name(header.code) {
      desk.message.texts.responseException = desk.fields.append(name)
    }
  }

  private static func name(_ code: UInt8) -> StaticString? {
    switch code {
    case 1: "E_NOT_OK"
    case 2: "E_UNKNOWN_SERVICE"
    case 3: "E_UNKNOWN_METHOD"
    case 4: "E_NOT_READY"
    case 5: "E_NOT_REACHABLE"
    case 6: "E_TIMEOUT"
    case 7: "E_WRONG_PROTOCOL_VERSION"
    case 8: "E_WRONG_INTERFACE_VERSION"
    case 9: "E_MALFORMED_MESSAGE"
    case 10: "E_WRONG_MESSAGE_TYPE"
    case 11: "E_E2E_REPEATED"
    case 12: "E_E2E_WRONG_SEQUENCE"
    case 13: "E_E2E"
    case 14: "E_E2E_NOT_AVAILABLE"
    case 15: "E_E2E_NO_NEW_DATA"
    default: nil
    }
  }
}
