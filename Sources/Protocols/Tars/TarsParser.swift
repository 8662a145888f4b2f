// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads Tars: each request is one, each response too.
///
/// The type is the function, the domain and the resource the servant, the endpoint both.
struct TarsParser: ProtocolParser {
  private static let reach = 8_192

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard TarsPacket.isPossible(bytes) else {
      throw ParseError(at: 0, expected: "the front of a packet")
    }
    guard bytes.count >= 4 else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: 4)
    }
    let length = Int(bytes.bigEndian32(at: 0))
    let wanted = min(length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    switch TarsPacket.read(window, isStrict: desk.mayBeInside) {
    case .no: throw ParseError(at: 4, expected: "a packet")
    case .cut: return .skip(length)
    case .packet(let packet):
      describe(packet, window, on: &desk)
      desk.message.length = Int64(length)
      if window.count < wanted { desk.message.flags.insert(.truncated) }
      return .message(.bytes(length))
    }
  }

  private func describe(_ packet: TarsPacket, _ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message = Message(
      packet.isRequest ? (packet.isOneWay ? .session : .request) : .response)
    desk.message.exchange = packet.id
    desk.message.requestID = packet.id
    guard packet.isRequest else {
      desk.message.code = Int32(truncatingIfNeeded: packet.result)
      guard packet.result != 0 else { return }
      desk.message.status = (-12...(-10)).contains(packet.result) ? .clientError : .serverError
      if let name = Self.name(packet.result) {
        desk.message.texts.responseException = desk.fields.append(name)
      }
      return
    }
    let version = desk.fields.mark
    desk.fields.push(decimal: UInt64(packet.version))
    desk.message.texts.version = desk.fields.finish(from: version)
    desk.message.texts.requestType = desk.fields.append(bytes.clipped(packet.function))
    desk.message.texts.requestDomain = desk.fields.append(bytes.clipped(packet.servant))
    desk.message.texts.requestResource = desk.message.texts.requestDomain
    let endpoint = desk.fields.mark
    desk.fields.push(bytes.clipped(packet.servant))
    desk.fields.push(UInt8(ascii: "/"))
    desk.fields.push(bytes.clipped(packet.function))
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    packet.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }

  /// The codes of `RequestF.tars`.
  private static func name(_ result: Int) -> StaticString? {
    switch result {
    case -1: "TARSSERVERDECODEERR"
    case -2: "TARSSERVERENCODEERR"
    case -3: "TARSSERVERNOFUNCERR"
    case -4: "TARSSERVERNOSERVANTERR"
    case -5: "TARSSERVERRESETGRID"
    case -6: "TARSSERVERQUEUETIMEOUT"
    case -7: "TARSINVOKETIMEOUT"
    case -8: "TARSPROXYCONNECTERR"
    case -9: "TARSSERVEROVERLOAD"
    case -10: "TARSADAPTERNULL"
    case -11: "TARSINVOKEBYINVALIDESET"
    case -12: "TARSCLIENTDECODEERR"
    case -99: "TARSSERVERUNKNOWNERR"
    default: nil
    }
  }
}
