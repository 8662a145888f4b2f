// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads Dubbo: each request is one, each response too. Heartbeats are none.
///
/// The type is the method, the domain and the resource the service, the endpoint both.
struct DubboParser: ProtocolParser {
  /// Bytes of a request that are looked at, at most: what is sent along stands behind the arguments.
  private static let reach = 16_384
  private static let answerReach = 1_024

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes.count < 2 || (bytes[0] == 0xda && bytes[1] == 0xbb) else {
      throw ParseError(at: 0, expected: "the magic number")
    }
    guard let header = DubboHeader(bytes) else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: DubboHeader.size)
    }
    if desk.mayBeInside, !DubboHeader.isPossible(bytes) {
      throw ParseError(at: 2, expected: "the head of a message")
    }
    let length = DubboHeader.size + header.length
    if header.isEvent { return .skip(length) }
    let wanted = min(length, header.isRequest ? Self.reach : Self.answerReach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(
      header.isRequest ? (header.isTwoWay ? .request : .session) : .response)
    desk.message.exchange = header.id
    desk.message.requestID = header.id
    desk.message.length = Int64(header.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    if header.isRequest {
      DubboCall(header, window).describe(header, window, on: &desk)
    } else {
      desk.message.code = Int32(header.status)
      desk.message.status = header.blame
      DubboOutcome(header, window)?.describe(header, window, on: &desk)
    }
    return .message(.bytes(length))
  }
}
