// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// gRPC and its kin on streams.
extension HTTP2Parser {
  /// Says of a request that it is a call of a service's method, if it is; what is to be remembered of its
  /// stream.
  func describeRPC(_ headers: HTTP2Headers, on desk: inout Desk) -> HTTP2Stream.Flags {
    let texts = headers.texts.span
    let type = texts.clipped(headers[.contentType].range)
    guard let form = GRPC.form(type, isConnect: headers.has(.connectVersion)) else { return [] }
    let isNamed = desk.message.texts.describeRPC(
      texts, at: headers[.path].range, &desk.message.attributes, into: &desk.fields)
    switch form {
    case .messages(let isWeb):
      let isTriple = headers.has(.tripleVersion) || headers.has(.triple)
      desk.message.speaks = (isTriple ? GRPC.triple : GRPC.descriptor).number
      if isTriple, !headers[.tripleVersion].isEmpty {
        desk.message.texts.version = desk.fields.append(
          freeText: headers[.tripleVersion], of: texts)
      }
      return isWeb
        ? [.hasMessages, .hasStatusAtEnd, .hasStatusInBody] : [.hasMessages, .hasStatusAtEnd]
    case .connectStream: return isNamed ? describeConnect(.hasMessages, on: &desk) : []
    case .connectMessage: return isNamed ? describeConnect([], on: &desk) : []
    }
  }

  private func describeConnect(
    _ flags: HTTP2Stream.Flags, on desk: inout Desk
  ) -> HTTP2Stream.Flags {
    desk.fields.append(
      attribute: "rpc.system", "connect_rpc", to: &desk.message.attributes)
    return flags
  }

  /// Reads what a body says of its call behind its messages.
  mutating func readTrailers(
    _ bytes: Span<UInt8>, of place: Int, on desk: inout Desk
  ) {
    let found = streams[place].response.trailers
    guard streams[place].flags.contains(.hasStatusInBody), !found.isEmpty else { return }
    let trailers = GRPCTrailers(bytes, at: found)
    guard let status = trailers.status else { return }
    streams[place].status = status
    desk.message.texts.describeFailure(
      GRPCStatus(number: status), bytes, at: trailers.message.range,
      scratch: &desk.headers.scratch, into: &desk.fields)
  }

  /// Says of the head of a response how its call went, if that says it, and whether its status is to come
  /// behind the body.
  func describeOutcome(
    _ head: HTTP2Head, _ headers: HTTP2Headers, of place: Int?, on desk: inout Desk
  ) -> Bool {
    let isOfRPC = place.map { streams[$0].flags.contains(.hasStatusAtEnd) } ?? false
    let type = headers.texts.span.clipped(headers[.contentType].range)
    guard isOfRPC || type.begins(with: "application/grpc") else { return false }
    if describeStatus(headers, on: &desk) { return false }
    // What a gateway says has no status of its own.
    guard desk.message.code == 200 else { return false }
    if head.isEnd {
      if headers.hasUnknown {
        desk.message.code = nil
        desk.message.status = .parseFailed
      }
      return false
    }
    desk.message.code = nil
    desk.message.isEndSeen = false
    return true
  }

  /// Says how a call of gRPC went, if the fields do.
  func describeStatus(_ headers: HTTP2Headers, on desk: inout Desk) -> Bool {
    guard let number = headers.number(.grpcStatus), number < 1 << 16 else { return false }
    let status = GRPCStatus(number: Int32(number))
    desk.message.code = status.number
    desk.message.status = status.status
    desk.message.texts.describeFailure(
      status, headers.texts.span, at: headers[.grpcMessage].range,
      scratch: &desk.headers.scratch, into: &desk.fields)
    return true
  }
}
