// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads ONC RPC: each call is a request, each reply its response.
///
/// The type is the procedure, the domain the program, the endpoint both. Of arguments nothing is read, of
/// results whether NFS failed.
struct ONCRPCParser: ProtocolParser {
  /// Whether a mark stands before each record (RFC 5531 section 11).
  let isStream: Bool
  /// More records of a message come, which were not read from its beginning.
  private var isInside: [2 of Bool] = [false, false]
  private static let reach = 512

  init(isStream: Bool) { self.isStream = isStream }

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard isStream else {
      guard let head = ONCRPCHead(bytes, at: 0) else {
        throw ParseError(at: 0, expected: "the head of a message")
      }
      return describe(head, bytes, length: bytes.count, on: &desk)
    }
    guard bytes.count >= 4 else { return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: 4) }
    let mark = bytes.bigEndian32(at: 0)
    let length = 4 + Int(mark & 0x7fff_ffff)
    let isLast = mark & 0x8000_0000 != 0
    let index = Int(side.rawValue)
    if isInside[index] {
      isInside[index] = !isLast
      return .skip(length)
    }
    guard length >= 28 else { throw ParseError(at: 0, expected: "the mark of a record") }
    let wanted = min(length, Self.reach)
    if bytes.count < min(wanted, 28), !view.isFinal { return .needMore(atLeast: min(wanted, 28)) }
    guard bytes.count >= 28 else { return .skip(bytes.count) }
    if desk.mayBeInside, ONCRPCHead(bytes, at: 4) == nil {
      throw ParseError(at: 4, expected: "the head of a message")
    }
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    guard let head = ONCRPCHead(bytes.clipped(from: 0, to: wanted), at: 4) else {
      throw ParseError(at: 4, expected: "the head of a message")
    }
    let step = describe(head, bytes.clipped(from: 0, to: wanted), length: length, on: &desk)
    if case .message = step { isInside[index] = !isLast }
    return step
  }

  package mutating func bytesWereLost(from side: Side) { isInside[Int(side.rawValue)] = false }

  private func describe(
    _ head: ONCRPCHead, _ bytes: Span<UInt8>, length: Int, on desk: inout Desk
  ) -> ParseStep {
    if head.isCall {
      desk.message = Message(.request)
      desk.message.note = head.note
      describe(call: head, on: &desk)
    } else {
      guard let asked = desk.asked(head.id) else { return .lookUp(head.id) }
      desk.message = Message(.response)
      describe(reply: head, bytes, to: asked, on: &desk)
    }
    desk.message.exchange = head.id
    desk.message.requestID = head.id
    desk.message.length = Int64(length)
    return .message(.bytes(length))
  }

  private func describe(call head: ONCRPCHead, on desk: inout Desk) {
    let name = desk.fields.mark
    push(program: head, into: &desk.fields)
    desk.message.texts.requestDomain = desk.fields.finish(from: name)
    let version = desk.fields.mark
    desk.fields.push(decimal: UInt64(head.version))
    desk.message.texts.version = desk.fields.finish(from: version)
    let type = desk.fields.mark
    push(procedure: head, into: &desk.fields)
    desk.message.texts.requestType = desk.fields.finish(from: type)
    let endpoint = desk.fields.mark
    push(program: head, into: &desk.fields)
    desk.fields.push(UInt8(ascii: "/"))
    push(procedure: head, into: &desk.fields)
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    desk.message.texts.requestResource = desk.message.texts.endpoint
  }

  private func push(program head: ONCRPCHead, into fields: inout FieldBuffer) {
    if let name = ONCRPCNames.program(head.program) { return fields.push(name) }
    fields.push(decimal: UInt64(head.program))
  }

  private func push(procedure head: ONCRPCHead, into fields: inout FieldBuffer) {
    if let name = ONCRPCNames.procedure(head.program, head.version, head.procedure) {
      return fields.push(name)
    }
    fields.push(decimal: UInt64(head.procedure))
  }

  private func describe(
    reply head: ONCRPCHead, _ bytes: Span<UInt8>, to asked: Asked, on desk: inout Desk
  ) {
    if head.refusal == 1 {
      desk.message.status = .clientError
      desk.message.texts.responseException = desk.fields.append(
        head.outcome == 0 ? "RPC_MISMATCH" : "AUTH_ERROR")
      return
    }
    guard head.outcome >= 0 else { return desk.message.status = .unknown }
    desk.message.code = Int32(head.outcome)
    guard head.outcome == 0 else {
      desk.message.status = head.outcome == 5 ? .serverError : .clientError
      desk.message.texts.responseException = desk.fields.append(ONCRPCNames.outcome(head.outcome))
      return
    }
    // NFS says first of its results how it went; what asks for nothing has none.
    guard let note = asked.note, note >> 32 == UInt64(ONCRPCNames.nfs), note & 0xff != 0,
      head.results + 4 <= bytes.count
    else { return }
    let status = bytes.bigEndian32(at: head.results)
    desk.message.code = Int32(truncatingIfNeeded: status)
    guard status != 0 else { return }
    desk.message.status = ONCRPCNames.isServers(nfsStatus: status) ? .serverError : .clientError
    if let name = ONCRPCNames.nfsStatus(status) {
      desk.message.texts.responseException = desk.fields.append(name)
    }
  }
}
