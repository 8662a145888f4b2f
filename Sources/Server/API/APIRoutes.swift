// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// What a request knows besides itself: the connection it came by.
struct APIContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// By which ``OpenConnections`` knows the connection.
  var connection: ObjectIdentifier { ObjectIdentifier(channel) }
}

/// The routes of the server, and which methods each path takes.
struct APIRoutes {
  let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
  private(set) var table = RouteTable()

  typealias Handler = @Sendable (Request, APIContext) async throws(Refusal) -> Response

  /// - Parameter path: A part that begins with `:` stands for any text.
  mutating func get(_ path: String, _ handler: @escaping Handler) {
    table.add(path, [.get, .head])
    router.get(RouterPath(path)) { request, context in
      await Self.response { () async throws(Refusal) in try await handler(request, context) }
    }
  }

  mutating func post(_ path: String, _ handler: @escaping Handler) {
    table.add(path, [.post])
    router.post(RouterPath(path)) { request, context in
      await Self.response { () async throws(Refusal) in try await handler(request, context) }
    }
  }

  private static func response(
    _ handler: () async throws(Refusal) -> Response
  ) async -> Response {
    do throws(Refusal) {
      return try await handler()
    } catch {
      return error.response
    }
  }
}

/// Which methods each path takes.
struct RouteTable: Sendable {
  private var routes: [(path: [String], methods: [HTTPRequest.Method])] = []

  /// A path may be added once more, with other methods.
  mutating func add(_ path: String, _ methods: [HTTPRequest.Method]) {
    let parts = Self.parts(path)
    if let index = routes.firstIndex(where: { $0.path == parts }) {
      routes[index].methods += methods
    } else {
      routes.append((parts, methods))
    }
  }

  private static func parts(_ path: String) -> [String] {
    path.split(separator: "/").map(String.init)
  }

  /// The methods that `path` takes; empty where nothing is.
  func methods(of path: String) -> [HTTPRequest.Method] {
    let parts = Self.parts(path)
    let route = routes.first { route in
      route.path.count == parts.count
        && zip(route.path, parts).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
    }
    return route?.methods ?? []
  }

  /// Why a request has no route; nil when it has one.
  func refusal(_ request: Request) -> Refusal? {
    let taken = methods(of: request.uri.path)
    if taken.contains(request.method) { return nil }
    guard !taken.isEmpty else {
      return Refusal(
        "There is nothing at '\(request.uri.path.prefix(200))'; the API is described in "
          + "docs/api.md, and its questions go to POST /v1/query/.",
        code: "NOT_FOUND", status: .notFound)
    }
    let names = taken.map(\.rawValue).joined(separator: ", ")
    var refusal = Refusal(
      "\(request.uri.path.prefix(200)) takes \(names), not \(request.method.rawValue).",
      code: "METHOD_NOT_ALLOWED", status: .methodNotAllowed)
    refusal.allow = names
    return refusal
  }
}

/// Looks at each request before its route does.
struct Gatekeeper<Routes: HTTPResponder<APIContext>>: HTTPResponder {
  let connections: OpenConnections
  let door: Door
  let table: RouteTable
  let responder: Routes

  func respond(to request: Request, context: APIContext) async throws -> Response {
    guard connections.isServed(context.connection) else { return tooMany(closing: context.channel) }
    var response: Response
    if let refusal = door.refusal(request) ?? table.refusal(request) {
      response = refusal.response
    } else {
      response = try await responder.respond(to: request, context: context)
    }
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.crossOriginResourcePolicy] = "same-origin"
    return response
  }

  private func tooMany(closing channel: any Channel) -> Response {
    var response = Refusal(
      "\(connections.limit) connections are open already, which is as many as limits.connections "
        + "allows; close some, or ask again in a moment.",
      code: "TOO_MANY_CONNECTIONS", status: .serviceUnavailable
    ).response
    response.headers[.connection] = "close"
    let body = response.body
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      try await body.write(writer)
      channel.close(promise: nil)
    }
    return response
  }
}

extension HTTPField.Name {
  fileprivate static let crossOriginResourcePolicy = Self("Cross-Origin-Resource-Policy")!
}
