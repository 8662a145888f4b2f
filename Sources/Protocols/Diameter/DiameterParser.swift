// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads Diameter: each request is one, each answer its response. What only asks whether the other is there
/// is passed over.
///
/// The type and the endpoint are the command, the domain is the realm that it goes to, the resource its host.
struct DiameterParser: ProtocolParser {
  private static let reach = 8_192

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard DiameterHead.isPossible(bytes) else {
      throw ParseError(at: 0, expected: "the head of a message")
    }
    guard let head = DiameterHead(bytes) else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: DiameterHead.size)
    }
    if head.command == 280 { return .skip(head.length) }
    let wanted = min(head.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(head.isRequest ? .request : .response)
    desk.message.exchange = head.hopByHop
    desk.message.requestID = head.hopByHop
    desk.message.length = Int64(head.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    let attributes = DiameterAttributes(window)
    if head.isRequest {
      attributes.describe(request: head, window, on: &desk)
    } else {
      attributes.describe(answer: head, on: &desk)
    }
    return .message(.bytes(head.length))
  }
}

/// Those of the attributes (RFC 6733 section 4) that are read: where it comes from and goes to, and how it
/// went. Who it is about is not.
struct DiameterAttributes {
  private var originHost = 0..<0
  private var destinationHost = 0..<0
  private var destinationRealm = 0..<0
  private var result: UInt32?
  private var isExperimental = false

  init(_ bytes: Span<UInt8>) {
    read(bytes, from: DiameterHead.size, to: bytes.count, depth: 0)
  }

  private mutating func read(_ bytes: Span<UInt8>, from start: Int, to end: Int, depth: Int) {
    var place = start
    while place + 8 <= end {
      let code = bytes.bigEndian32(at: place)
      let flags = bytes[place + 4]
      let length = Int(bytes.bigEndian32(at: place + 4) & 0xff_ffff)
      let head = flags & 0x80 != 0 ? 12 : 8
      guard length >= head, place + length <= end else { return }
      if flags & 0x80 == 0 { take(code, (place + head)..<(place + length), bytes, depth: depth) }
      place += (length + 3) & ~3
    }
  }

  private mutating func take(
    _ code: UInt32, _ value: Range<Int>, _ bytes: Span<UInt8>, depth: Int
  ) {
    switch code {
    case 264: originHost = value
    case 293: destinationHost = value
    case 283: destinationRealm = value
    case 268 where value.count == 4: result = result ?? bytes.bigEndian32(at: value.lowerBound)
    // A result of an application of somebody's own lies inside.
    case 297 where depth == 0:
      read(bytes, from: value.lowerBound, to: value.upperBound, depth: 1)
    case 298 where value.count == 4 && depth == 1:
      result = result ?? bytes.bigEndian32(at: value.lowerBound)
      isExperimental = true
    default: break
    }
  }

  func describe(request head: DiameterHead, _ bytes: Span<UInt8>, on desk: inout Desk) {
    if let name = head.commandName {
      desk.message.texts.requestType = desk.fields.append(name)
    } else {
      let mark = desk.fields.mark
      desk.fields.push(decimal: UInt64(head.command))
      desk.message.texts.requestType = desk.fields.finish(from: mark)
    }
    desk.message.texts.endpoint = desk.message.texts.requestType
    desk.message.texts.requestDomain = desk.fields.append(bytes.clipped(destinationRealm))
    desk.message.texts.requestResource = desk.fields.append(bytes.clipped(destinationHost))
    desk.fields.append(
      attribute: "diameter.application", number: Int64(head.application),
      to: &desk.message.attributes)
    desk.fields.append(
      attribute: "diameter.origin_host", bytes.clipped(originHost), to: &desk.message.attributes)
  }

  /// Thousands tell the kind (section 7.1).
  func describe(answer head: DiameterHead, on desk: inout Desk) {
    guard let result else {
      desk.message.status = head.isError ? .serverError : .unknown
      return
    }
    desk.message.code = Int32(truncatingIfNeeded: result)
    switch result {
    case 1_000..<3_000: break
    // It could not be delivered, there is no room, it could not be done.
    case 3_002, 3_004, 4_002, 4_003, 5_012, 5_006: desk.message.status = .serverError
    case 3_000..<6_000: desk.message.status = .clientError
    default: desk.message.status = .serverError
    }
    guard desk.message.status != .ok, !isExperimental, let name = Self.name(result) else { return }
    desk.message.texts.responseException = desk.fields.append(name)
  }

  private static func name(_ result: UInt32) -> StaticString? {
    switch result {
    case 3_001: "DIAMETER_COMMAND_UNSUPPORTED"
    case 3_002: "DIAMETER_UNABLE_TO_DELIVER"
    case 3_003: "DIAMETER_REALM_NOT_SERVED"
    case 3_004: "DIAMETER_TOO_BUSY"
    case 3_005: "DIAMETER_LOOP_DETECTED"
    case 3_006: "DIAMETER_REDIRECT_INDICATION"
    case 3_007: "DIAMETER_APPLICATION_UNSUPPORTED"
    case 3_008: "DIAMETER_INVALID_HDR_BITS"
    case 3_009: "DIAMETER_INVALID_AVP_BITS"
    case 3_010: "DIAMETER_UNKNOWN_PEER"
    case 4_001: "DIAMETER_AUTHENTICATION_REJECTED"
    case 4_002: "DIAMETER_OUT_OF_SPACE"
    case 4_010: "DIAMETER_END_USER_SERVICE_DENIED"
    case 4_012: "DIAMETER_CREDIT_LIMIT_REACHED"
    case 5_001: "DIAMETER_AVP_UNSUPPORTED"
    case 5_002: "DIAMETER_UNKNOWN_SESSION_ID"
    case 5_003: "DIAMETER_AUTHORIZATION_REJECTED"
    case 5_004: "DIAMETER_INVALID_AVP_VALUE"
    case 5_005: "DIAMETER_MISSING_AVP"
    case 5_006: "DIAMETER_RESOURCES_EXCEEDED"
    case 5_010: "DIAMETER_NO_COMMON_APPLICATION"
    case 5_012: "DIAMETER_UNABLE_TO_COMPLY"
    case 5_030: "DIAMETER_USER_UNKNOWN"
    case 5_031: "DIAMETER_RATING_FAILED"
    default: nil
    }
  }
}
