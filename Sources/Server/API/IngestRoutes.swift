// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Hummingbird
import Ingest
import Synchronization

/// `POST /v1/ingest/FORMAT`: telemetry of somebody who is no agent. Answered when it cannot be lost any
/// more. `GET /v1/sources`: who has sent some.
struct IngestRoutes {
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
    let encoding = try ArrivingBody.encoding(request)
    let source = request.uri.queryParameters["source"].map(String.init) ?? Self.defaultSource
    let pass = try gate.enter()
    defer { withExtendedLifetime(pass) {} }
    let payload = try await ArrivingBody.payload(request, context.channel)
    let taken: TakenBody
    do throws(BodyRefusal) {
      taken = try await ingest.take(
        SourceBody(format: format, encoding: encoding, payload: payload, source: source))
    } catch {
      throw Refusal(error)
    }
    var json = JSONText()
    json.object { json in
      json.member("OPT_STATUS", "SUCCESS")
      json.member("DESCRIPTION", "")
      json.member("source", source)
      json.member("records", taken.records)
      guard taken.leftOut.records > 0 else { return }
      json.member("left_out", taken.leftOut.records)
      json.member("reason", taken.leftOut.reason)
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
    let media = ArrivingBody.mediaType(type)
    guard format.contentTypes.contains(media) else {
      throw Refusal(
        "/v1/ingest/\(format.name) takes \(format.contentTypes.joined(separator: " or ")), not "
          + "\(media.prefix(60)); with curl: -H 'Content-Type: \(format.contentTypes[0])'.",
        code: "UNSUPPORTED_MEDIA_TYPE", status: .unsupportedMediaType)
    }
    return format
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
  init(_ refusal: BodyRefusal) {
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
