// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore

/// Where applications tell their spans: `POST /v1/traces` by OTLP over HTTP
/// (https://opentelemetry.io/docs/specs/otlp/#otlphttp), Zipkin's `/api/v2/spans`, SkyWalking's
/// `/v3/segments`. Answered when they cannot be lost any more, as their protocol has it.
struct SpanRoutes {
  let desk: SpanDesk

  func add(to routes: inout APIRoutes) {
    routes.post("v1/traces") { request, context throws(Refusal) in
      await take(request, context)
    }
    // Zipkin's clients look for 202, SkyWalking's for a list of commands.
    routes.post("api/v2/spans") { request, context throws(Refusal) in
      try await take(request, context, as: ZipkinSpans.self)
      return Response(status: .accepted)
    }
    for path in ["v3/segments", "v3/segment"] {
      routes.post(path) { request, context throws(Refusal) in
        try await take(request, context, as: SkyWalkingSegments.self)
        return Self.noCommands
      }
    }
    // That an instance is there, and what its host is: agents have said so.
    for path in ["v3/management/reportProperties", "v3/management/keepAlive"] {
      routes.post(path) { _, _ in Self.noCommands }
    }
  }

  private static var noCommands: Response {
    var json = JSONText()
    json.object { _ in }
    return json.response()
  }

  /// Takes a body of JSON, under the name of its format where the sender tells none.
  private func take(
    _ request: Request, _ context: APIContext, as format: any IngestFormat.Type
  ) async throws(Refusal) {
    let media = ArrivingBody.mediaType(request.headers[.contentType] ?? "application/json")
    guard format.contentTypes.contains(media) else {
      throw Refusal(
        "Content-Type is '\(media.prefix(60))'; it must be application/json.",
        code: "UNSUPPORTED_MEDIA_TYPE", status: .unsupportedMediaType)
    }
    _ = try await take(request, context, as: format, default: format.name)
  }

  private func take(
    _ request: Request, _ context: APIContext, as format: any IngestFormat.Type,
    default name: String
  ) async throws(Refusal) -> TakenBody {
    let encoding = try ArrivingBody.encoding(request)
    let pass = try desk.gate.enter()
    defer { withExtendedLifetime(pass) {} }
    let payload = try await ArrivingBody.payload(request, context.channel)
    let source = request.uri.queryParameters["source"].map(String.init) ?? name
    return try await desk.take(payload, encoding, as: format, from: source)
  }

  private func take(_ request: Request, _ context: APIContext) async -> Response {
    let media = ArrivingBody.mediaType(request.headers[.contentType] ?? "")
    let form = OTLPForm(mediaType: media) ?? .json
    do throws(Refusal) {
      guard OTLPForm(mediaType: media) != nil else {
        throw Refusal(
          "Content-Type is '\(media.prefix(60))'; it must be application/x-protobuf or "
            + "application/json.", code: "UNSUPPORTED_MEDIA_TYPE", status: .unsupportedMediaType)
      }
      let taken = try await take(request, context, as: form.traces, default: OTLPForm.source)
      return form.success(leftOut: taken.leftOut)
    } catch {
      return form.failure(error)
    }
  }
}

/// Takes spans, whichever way they come.
struct SpanDesk: Sendable {
  let ingest: Ingest
  /// Of all ports together.
  let gate: BodyGate

  func take(
    _ payload: [UInt8], _ encoding: BodyEncoding, as format: any IngestFormat.Type,
    from source: String
  ) async throws(Refusal) -> TakenBody {
    do throws(BodyRefusal) {
      return try await ingest.take(
        SourceBody(format: format, encoding: encoding, payload: payload, source: source))
    } catch {
      throw Refusal(error)
    }
  }
}

/// How a request of OTLP is written, and so its answer.
enum OTLPForm {
  case protobuf, json

  /// The name of a source that does not tell one.
  static let source = "otlp"

  init?(mediaType: String) {
    switch mediaType {
    case "application/x-protobuf", "application/protobuf": self = .protobuf
    case "application/json": self = .json
    default: return nil
    }
  }

  var traces: any IngestFormat.Type {
    self == .protobuf ? ProtobufTraces.self : JSONTraces.self
  }

  private var mediaType: String {
    self == .protobuf ? "application/x-protobuf" : "application/json"
  }

  /// `ExportTraceServiceResponse`: partial_success = 1, in which rejected_spans = 1, error_message = 2
  /// (opentelemetry/proto/collector/trace/v1/trace_service.proto).
  func success(leftOut: LeftOut) -> Response {
    switch self {
    case .json:
      var json = JSONText()
      json.object { json in
        guard leftOut.records > 0 else { return }
        json.member("partialSuccess") { json in
          json.object { json in
            json.member("rejectedSpans", String(leftOut.records))
            json.member("errorMessage", Self.reason(leftOut))
          }
        }
      }
      return json.response()
    case .protobuf: return response(Self.message(leftOut: leftOut), status: .ok)
    }
  }

  static func message(leftOut: LeftOut) -> [UInt8] {
    guard leftOut.records > 0 else { return [] }
    var part: [UInt8] = [0x08]
    append(varint: leftOut.records, to: &part)
    append(text: reason(leftOut), field: 2, to: &part)
    var whole: [UInt8] = [0x0a]
    append(varint: part.count, to: &whole)
    return whole + part
  }

  private static func reason(_ leftOut: LeftOut) -> String {
    "\(leftOut.records) spans were left out: \(leftOut.reason)"
  }

  /// `google.rpc.Status`: code = 1, message = 2, with the code of gRPC that the protocol gives to the
  /// status of HTTP.
  func failure(_ refusal: Refusal) -> Response {
    let code = refusal.grpcCode
    var response: Response
    switch self {
    case .json:
      var json = JSONText()
      json.object { json in
        json.member("code", code)
        json.member("message", refusal.message)
      }
      response = json.response(status: refusal.status)
    case .protobuf:
      var status: [UInt8] = [0x08, UInt8(code)]
      Self.append(text: refusal.message, field: 2, to: &status)
      response = self.response(status, status: refusal.status)
    }
    if let retryAfter = refusal.retryAfter { response.headers[.retryAfter] = String(retryAfter) }
    return response
  }

  private func response(_ bytes: [UInt8], status: HTTPResponse.Status) -> Response {
    Response(
      status: status, headers: [.contentType: mediaType],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private static func append(text: String, field: UInt8, to bytes: inout [UInt8]) {
    bytes.append(field << 3 | 2)
    append(varint: text.utf8.count, to: &bytes)
    bytes += text.utf8
  }

  private static func append(varint value: Int, to bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7f) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}

extension Refusal {
  /// The code of gRPC that OTLP gives to the status of HTTP.
  var grpcCode: Int {
    switch status {
    case .badRequest, .unsupportedMediaType: 3  // INVALID_ARGUMENT
    case .contentTooLarge: 8  // RESOURCE_EXHAUSTED
    case .tooManyRequests, .serviceUnavailable: 14  // UNAVAILABLE: send it again
    default: 13  // INTERNAL
    }
  }
}
