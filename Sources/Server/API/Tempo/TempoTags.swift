// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Hummingbird
import Query

/// What can be searched by, and with which values: `/tempo/api/search/tags`, `/tempo/api/search/tag/...`
/// and their second versions.
struct TempoTags {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("tempo/api/search/tags") { request, context throws(Refusal) in
      let scope = try Self.scope(request)
      return try await answer(context) { names, json in
        let all = Self.scopes(names, scope).flatMap(\.names)
        json.member("tagNames") { $0.array(Set(all).sorted()) { $0.string($1) } }
      }
    }
    routes.get("tempo/api/v2/search/tags") { request, context throws(Refusal) in
      let scope = try Self.scope(request)
      return try await answer(context) { names, json in
        json.member("scopes") { json in
          json.array(Self.scopes(names, scope)) { json, scope in
            json.object { json in
              json.member("name", scope.name)
              json.member("tags") { $0.array(scope.names) { $0.string($1) } }
            }
          }
        }
      }
    }
    for version in ["api", "api/v2"] {
      routes.get("tempo/\(version)/search/tag/:name/values") { request, context throws(Refusal) in
        try await values(request, context, hasTypes: version != "api")
      }
    }
  }

  private static func scope(_ request: Request) throws(Refusal) -> String? {
    guard let scope = TempoParameters(request).text("scope"), scope != "none" else { return nil }
    guard ["intrinsic", "resource", "span"].contains(scope) else {
      // Other scopes are Tempo's, and nothing of ours is in them.
      guard ["event", "link", "instrumentation"].contains(scope) else {
        throw Refusal("scope is '\(scope)'; it must be one of intrinsic, resource, span.")
      }
      return scope
    }
    return scope
  }

  private static func scopes(
    _ names: SpanTagNames, _ scope: String?
  ) -> [(name: String, names: [String])] {
    [("intrinsic", names.intrinsics), ("resource", names.resource), ("span", names.span)]
      .filter { scope == nil || scope == $0.0 }
  }

  private func answer(
    _ context: APIContext, _ write: @escaping @Sendable (SpanTagNames, inout JSONText) -> Void
  ) async throws(Refusal) -> Response {
    try await runner.answer(context) { service throws(Refusal) -> JSONText in
      do throws(QueryError) {
        let names = try await service.spanTagNames(directory: catalog.snapshot)
        var json = JSONText()
        json.object { write(names, &$0) }
        return json
      } catch {
        throw Refusal(error)
      }
    }
  }

  private func values(
    _ request: Request, _ context: APIContext, hasTypes: Bool
  ) async throws(Refusal) -> Response {
    let name = context.parameters.get("name").flatMap { $0.removingPercentEncoding } ?? ""
    guard (1...256).contains(name.utf8.count) else {
      throw Refusal("The tag's name has \(name.utf8.count) bytes; it must have 1 to 256.")
    }
    let given = TempoParameters(request)
    let time = try given.time(usual: TempoSearch.usualSeconds)
    // What a client is still writing need not be whole.
    let query = given.text("q").flatMap { try? TraceQLParser.parse($0) }
    return try await runner.answer(context) { service throws(Refusal) -> JSONText in
      do throws(QueryError) {
        let values = try await service.spanTagValues(
          name, in: time, query: query, directory: catalog.snapshot)
        var json = JSONText()
        json.object { json in
          json.member("tagValues") { json in
            json.array(values) { json, value in
              guard hasTypes else { return json.string(value.text) }
              json.object { json in
                json.member("type", Self.type(of: value, name))
                json.member("value", value.text)
              }
            }
          }
        }
        return json
      } catch {
        throw Refusal(error)
      }
    }
  }

  private static func type(of value: TraceAttribute.Value, _ name: String) -> String {
    if ["status", "kind", "span:status", "span:kind"].contains(name) { return "keyword" }
    return switch value {
    case .text: "string"
    case .number: "int"
    case .double: "float"
    case .flag: "bool"
    }
  }
}
