// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// KRPC, https://github.com/bruceran/krpc: services and messages go by numbers. Calls and answers find each
/// other by a sequence number; either side may call.
package struct KRPC: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 201), name: "KRPC", pairing: .identifier,
    defaultPorts: [], sureness: 170)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { KRPCParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0x4b]), at: 0).with(ByteSet([0x52]), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.hasPrefix("KR", at: 0) else { return .no }
    guard bytes.count >= KRPCFrame.head + 2 else { return .undecided }
    // The direction comes first.
    guard KRPCFrame(bytes) != nil, bytes[8] == 0x08, bytes[9] == 1 || bytes[9] == 2 else {
      return .no
    }
    return .yes(sentBy: bytes[9] == 1 ? .client : .server)
  }
}

/// Two letters, the length of the front, that of all that follows.
struct KRPCFrame {
  static let head = 8

  let length: Int
  let meta: Range<Int>

  /// Nil when it is none; there must be so many bytes as a head has.
  init?(_ bytes: Span<UInt8>) {
    let count = Int(bytes[2]) << 8 | Int(bytes[3])
    let all = Int(bytes.bigEndian32(at: 4))
    guard bytes.hasPrefix("KR", at: 0), count >= 2, count <= all, all < 1 << 28 else { return nil }
    length = Self.head + all
    meta = Self.head..<(Self.head + count)
  }
}

/// Reads KRPC: each request is one, each response too. What only asks whether the other is there is passed
/// over.
///
/// The type is the message's number, the domain the service's, the endpoint both.
struct KRPCParser: ProtocolParser {
  private static let reach = 4_096

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes.hasPrefix("KR", at: 0) else {
      throw ParseError(at: 0, expected: "the letters that a message begins with")
    }
    guard bytes.count >= KRPCFrame.head else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: KRPCFrame.head)
    }
    guard let frame = KRPCFrame(bytes) else {
      throw ParseError(at: 2, expected: "the lengths of a message")
    }
    let wanted = min(frame.meta.upperBound, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    let meta = KRPCMeta(window, at: frame.meta)
    // Service 1 is KRPC itself: heartbeats, and a server that goes.
    guard meta.service != 1, meta.direction == 1 || meta.direction == 2 else {
      return .skip(frame.length)
    }
    desk.message = Message(meta.direction == 1 ? .request : .response)
    desk.message.exchange = meta.sequence
    desk.message.requestID = meta.sequence
    desk.message.length = Int64(frame.length - frame.meta.upperBound)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    meta.describe(window, on: &desk)
    return .message(.bytes(frame.length))
  }
}

/// `RpcMeta` of `krpcmeta.proto`.
struct KRPCMeta {
  private(set) var direction: UInt64 = 0
  private(set) var service: UInt64 = 0
  private(set) var sequence: UInt64 = 0
  private var message: UInt64 = 0
  private var result: Int32 = 0
  private var trace = 0..<0
  private var parentSpan = 0..<0
  private var span = 0..<0

  init(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      switch fields.field {
      case 1: direction = fields.value
      case 2: service = fields.value
      case 3: message = fields.value
      case 4: sequence = fields.value
      case 6: result = Int32(truncatingIfNeeded: fields.value)
      case 7: readTrace(bytes, at: fields.range)
      default: break
      }
    }
  }

  private mutating func readTrace(_ bytes: Span<UInt8>, at range: Range<Int>) {
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      guard fields.hasBytes, TraceValue.isWord(bytes, fields.range) else { continue }
      switch fields.field {
      case 2: trace = fields.range
      case 3: parentSpan = fields.range
      case 4: span = fields.range
      default: break
      }
    }
  }

  func describe(_ bytes: Span<UInt8>, on desk: inout Desk) {
    guard direction == 1 else {
      desk.message.code = result
      if result != 0 { desk.message.status = .serverError }
      return
    }
    let type = desk.fields.mark
    desk.fields.push(decimal: message)
    desk.message.texts.requestType = desk.fields.finish(from: type)
    let domain = desk.fields.mark
    desk.fields.push(decimal: service)
    desk.message.texts.requestDomain = desk.fields.finish(from: domain)
    let endpoint = desk.fields.mark
    desk.fields.push(decimal: service)
    desk.fields.push(UInt8(ascii: "/"))
    desk.fields.push(decimal: message)
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    desk.message.texts.requestResource = desk.message.texts.endpoint
    desk.message.texts.traceID = desk.fields.append(bytes.clipped(trace))
    desk.message.texts.spanID = desk.fields.append(bytes.clipped(span))
    desk.message.texts.parentSpanID = desk.fields.append(bytes.clipped(parentSpan))
  }
}
