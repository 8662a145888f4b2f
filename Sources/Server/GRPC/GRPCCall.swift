// SPDX-License-Identifier: Apache-2.0

import Ingest
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One call of OTLP over gRPC, which is one stream of HTTP/2: headers, one message behind its length,
/// and the end (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
final class GRPCCall: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  static let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
  /// A byte that says whether the message is packed, and its length.
  private static let prefixBytes = 5
  /// Seconds in which a call has to come.
  private static let seconds: Int64 = 60

  private let desk: SpanDesk
  private var encoding = BodyEncoding.raw
  private var body = ByteBuffer()
  private var pass: BodyPass?
  private var isJudged = false
  private var isAnswered = false
  /// Whether the client has sent all that it will.
  private var isWhole = false
  private var context: ChannelHandlerContext?
  private var late: Scheduled<Void>?

  init(_ desk: SpanDesk) {
    self.desk = desk
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    late = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Self.seconds)) {
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    pass = nil
    late?.cancel()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isAnswered else { return }
    switch unwrapInboundIn(data) {
    case .headers(let frame):
      isWhole = frame.endStream
      guard isJudged || judge(frame.headers) else { return }
      if isWhole { finish() }
    case .data(let frame):
      isWhole = frame.endStream
      guard isJudged, case .byteBuffer(var bytes) = frame.data else { return }
      guard body.readableBytes + bytes.readableBytes <= ArrivingBody.bytes + Self.prefixBytes else {
        return fail(
          8, "the message has more than \(ArrivingBody.bytes >> 20) MiB; send fewer spans at once")
      }
      body.writeBuffer(&bytes)
      if isWhole { finish() }
    default: break
    }
  }

  /// Looks at the headers; answers and says false when the call cannot be taken.
  private func judge(_ headers: HPACKHeaders) -> Bool {
    isJudged = true
    guard headers.first(name: ":path") == Self.path else {
      fail(12, "there is \(Self.path) here, and nothing else")
      return false
    }
    guard headers.first(name: "content-type")?.hasPrefix("application/grpc") == true else {
      fail(3, "the content-type of gRPC is application/grpc")
      return false
    }
    let name = headers.first(name: "grpc-encoding") ?? ""
    guard let encoding = BodyEncoding(contentEncoding: name) else {
      fail(12, "grpc-encoding is '\(name.prefix(60))'; gzip, zstd or identity can be read")
      return false
    }
    self.encoding = encoding
    do throws(Refusal) {
      pass = try desk.gate.enter()
    } catch {
      fail(14, error.message)
      return false
    }
    return true
  }

  private func finish() {
    late?.cancel()
    guard let flag = body.readInteger(as: UInt8.self),
      let length = body.readInteger(as: UInt32.self),
      flag <= 1, Int(length) == body.readableBytes
    else { return fail(3, "a call is one message behind its length") }
    guard let context else { return }
    isAnswered = true
    let payload = Array(buffer: body)
    body = ByteBuffer()
    let encoding = flag == 1 ? encoding : .raw
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let desk = desk
    Task {
      let result = await Result { () async throws(Refusal) in
        try await desk.take(
          payload, encoding, as: ProtobufTraces.self, from: OTLPForm.source)
      }
      loop.execute { own.value.answer(result) }
    }
  }

  private func answer(_ result: Result<TakenBody, Refusal>) {
    pass = nil
    switch result {
    case .success(let taken): succeed(OTLPForm.message(leftOut: taken.leftOut))
    case .failure(let refusal):
      isAnswered = false
      fail(refusal.grpcCode, refusal.message)
    }
  }

  private func succeed(_ message: [UInt8]) {
    guard let context else { return }
    var bytes = context.channel.allocator.buffer(capacity: message.count + Self.prefixBytes)
    bytes.writeInteger(0 as UInt8)
    bytes.writeInteger(UInt32(message.count))
    bytes.writeBytes(message)
    let headers: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
    context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
    context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(bytes)))), promise: nil)
    context.writeAndFlush(
      wrapOutboundOut(.headers(.init(headers: ["grpc-status": "0"], endStream: true))),
      promise: nil)
  }

  /// Answers with a status alone, and takes nothing more.
  private func fail(_ code: Int, _ message: String) {
    guard !isAnswered, let context else { return }
    isAnswered = true
    pass = nil
    // What is still to come of a call that is answered is passed over, until it is late.
    if isWhole { late?.cancel() }
    body = ByteBuffer()
    let headers: HPACKHeaders = [
      ":status": "200", "content-type": "application/grpc", "grpc-status": String(code),
      "grpc-message": Self.escaped(message), "grpc-accept-encoding": "identity,gzip,zstd",
    ]
    context.writeAndFlush(
      wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
  }

  /// Printable ASCII but for `%` stands for itself.
  static func escaped(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      if byte >= 0x20, byte < 0x7f, byte != 0x25 {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }
}
