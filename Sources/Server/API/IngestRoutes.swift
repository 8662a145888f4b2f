// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Synchronization

/// `POST /v1/ingest/FORMAT`: telemetry of somebody who is no agent. Answered when it cannot be lost any
/// more. `GET /v1/sources`: who has sent some.
struct IngestRoutes {
  /// Bytes of a body as it is sent.
  static let bodyBytes = JournalLimits.bodyBytes
  /// Seconds in which a body has to come.
  private static let bodySeconds: Int64 = 60
  /// The name of a source that does not tell one.
  private static let defaultSource = "http"

  let ingest: Ingest
  let catalog: Catalog
  let gate: BodyGate

  func add(to routes: inout APIRoutes) {
    routes.post("v1/ingest/:format") { request, context throws(Refusal) in
      try await take(request, context)
    }
    routes.get("v1/sources") { _, _ in sources() }
  }

  private func take(
    _ request: Request, _ context: APIContext
  ) async throws(Refusal) -> Response {
    let format = try format(context.parameters.get("format") ?? "", request)
    let encoding = try encoding(request)
    let source = request.uri.queryParameters["source"].map(String.init) ?? Self.defaultSource
    let pass = try gate.enter()
    defer { withExtendedLifetime(pass) {} }
    let payload = try await payload(request, context.channel)
    let records: Int
    do throws(BodyRefusal) {
      records = try await ingest.take(
        SourceBody(format: format, encoding: encoding, payload: payload, source: source))
    } catch {
      throw Refusal(error)
    }
    var json = JSONText()
    json.object { json in
      json.member("OPT_STATUS", "SUCCESS")
      json.member("DESCRIPTION", "")
      json.member("source", source)
      json.member("records", records)
    }
    return json.response()
  }

  private func format(
    _ name: String, _ request: Request
  ) throws(Refusal) -> any IngestFormat.Type {
    let known = IngestFormats.overHTTP
    guard let format = known.first(where: { $0.name == name }) else {
      throw Refusal(
        "There is no format '\(name.prefix(60))'; there is "
          + known.map { "/v1/ingest/\($0.name)" }.joined(separator: ", ") + ".",
        code: "NOT_FOUND", status: .notFound)
    }
    guard let type = request.headers[.contentType] else { return format }
    let media = type.prefix { $0 != ";" }.trimmingSpaces().lowercased()
    guard format.contentTypes.contains(media) else {
      throw Refusal(
        "/v1/ingest/\(format.name) takes \(format.contentTypes.joined(separator: " or ")), not "
          + "\(media.prefix(60)); with curl: -H 'Content-Type: \(format.contentTypes[0])'.",
        code: "UNSUPPORTED_MEDIA_TYPE", status: .unsupportedMediaType)
    }
    return format
  }

  private func encoding(_ request: Request) throws(Refusal) -> BodyEncoding {
    let name = (request.headers[.contentEncoding] ?? "").trimmingSpaces()
    guard let encoding = BodyEncoding(contentEncoding: name) else {
      throw Refusal(
        "Content-Encoding is '\(name.prefix(60))'; gzip, zstd or none can be read.",
        code: "UNSUPPORTED_MEDIA_TYPE", status: .unsupportedMediaType)
    }
    return encoding
  }

  /// Reads the body; a connection that takes too long for it is closed.
  private func payload(
    _ request: Request, _ channel: any Channel
  ) async throws(Refusal) -> [UInt8] {
    if let announced = request.headers[.contentLength].flatMap({ Int($0) }),
      announced > Self.bodyBytes
    {
      throw Self.tooLarge
    }
    let late = channel.eventLoop.scheduleTask(in: .seconds(Self.bodySeconds)) {
      channel.close(promise: nil)
    }
    defer { late.cancel() }
    do {
      return Array(buffer: try await request.body.collect(upTo: Self.bodyBytes))
    } catch {
      throw Self.tooLarge
    }
  }

  private static var tooLarge: Refusal {
    Refusal(
      "The body has more than \(bodyBytes >> 20) MiB; send it packed (Content-Encoding: gzip or "
        + "zstd), or in parts: split -l 20000 --filter='curl ...'.",
      code: "TOO_LARGE", status: .contentTooLarge)
  }

  private func sources() -> Response {
    var json = JSONText()
    json.object { json in
      json.member("sources") { json in
        json.array(catalog.snapshot.sources()) { json, source in
          json.object { json in
            json.member("id", source.number)
            json.member("name", source.name)
          }
        }
      }
    }
    return json.response()
  }
}

extension Refusal {
  fileprivate init(_ refusal: BodyRefusal) {
    switch refusal {
    case .unreadable(let error):
      self.init(
        "Nothing of the body was taken: \(error).",
        code: error.fault == .oversized ? "TOO_LARGE" : "INVALID_BODY",
        status: error.fault == .oversized ? .contentTooLarge : .badRequest)
      line = error.place?.line
      column = error.place?.column
    case .noSource(let text):
      self.init("Nothing of the body was taken: \(text).")
    case .busy(let text):
      self.init(
        "Nothing of the body was taken, because \(text); send it again.", code: "BUSY",
        status: .serviceUnavailable)
      retryAfter = 5
    }
  }
}

/// How many bodies are read at once: each is in memory.
final class BodyGate: Sendable {
  private let limit: Int
  private let running = Mutex(0)

  init(limit: Int) {
    self.limit = limit
  }

  /// Bodies that are being taken.
  var count: Int { running.withLock { $0 } }

  /// Lets a body in, until its pass is given up.
  func enter() throws(Refusal) -> BodyPass {
    let isFree = running.withLock { running in
      guard running < limit else { return false }
      running += 1
      return true
    }
    guard isFree else {
      var refusal = Refusal(
        "\(limit) bodies are being taken already, which is as many as may be at once; send it again "
          + "in a moment.", code: "TOO_MANY_BODIES", status: .tooManyRequests)
      refusal.retryAfter = 1
      throw refusal
    }
    return BodyPass(gate: self)
  }

  fileprivate func leave() { running.withLock { $0 -= 1 } }
}

/// One of the bodies that are being taken.
final class BodyPass: Sendable {
  private let gate: BodyGate

  fileprivate init(gate: BodyGate) {
    self.gate = gate
  }

  deinit { gate.leave() }
}

extension StringProtocol {
  fileprivate func trimmingSpaces() -> String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
