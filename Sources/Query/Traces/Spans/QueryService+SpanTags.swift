// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// What spans can be asked for by.
package struct SpanTagNames: Hashable, Sendable {
  package var intrinsics: [String]
  package var resource: [String]
  package var span: [String]
}

extension QueryService {
  private static let mostValues = 1_000

  /// The names of what spans have.
  package func spanTagNames(directory: any TagDirectory) async throws(QueryError) -> SpanTagNames {
    let answer = try await run(
      "SHOW tag attribute_names values FROM l7_flow_log LIMIT \(Self.mostValues)", now: 0,
      database: "flow_log", directory: directory)
    let seen = answer.rows.compactMap { $0.first?.string }
    let made = SpanNames.columns.map(\.name) + SpanNames.made
    return SpanTagNames(
      intrinsics: SpanField.Intrinsic.allCases.map(\.rawValue).sorted(),
      resource: ["host.name", "process.pid", "service.instance.id", "service.name"],
      span: Set(made + seen).sorted())
  }

  /// The values of a tag that spans of a time range have, the most frequent first.
  ///
  /// - Parameters:
  ///   - name: As in TraceQL; without a scope, an attribute of whatever kind.
  ///   - query: Narrows it down, roughly.
  package func spanTagValues(
    _ name: String, in time: ClosedRange<Int64>, query: TraceQLQuery?, directory: any TagDirectory
  ) async throws(QueryError) -> [TraceAttribute.Value] {
    var bare = name[...]
    for scope in ["span.", "resource.", "."] where bare.hasPrefix(scope) {
      bare = bare.dropFirst(scope.count)
      break
    }
    var narrow = CallFilter(time: time).conditions
    if let necessary = query?.necessary { narrow += " AND \(necessary)" }
    switch String(bare) {
    case "status", "span:status": return ["ok", "error", "unset"].map { .text($0) }
    case "kind", "span:kind": return TraceSpan.Kind.allCases.map { .text($0.name) }
    case "service.name", "rootServiceName", "trace:rootService":
      return try await values(
        ["auto_service_0", "auto_service_1", "app_service"], narrow, directory)
    case "host.name": return try await values(["host_0", "host_1"], narrow, directory)
    case "service.instance.id":
      return try await values(["auto_instance_0", "auto_instance_1"], narrow, directory)
    case "name", "span:name", "rootName", "trace:rootName":
      return try await spanNames(narrow, directory).map { .text($0) }
    case "metaflow.protocol":
      return try await values(["Enum(l7_protocol)"], narrow, directory)
    case let name where SpanField.Intrinsic(rawValue: name) != nil || SpanNames.made.contains(name):
      return []
    case let name:
      let known = SpanNames.columns.first { $0.name == name }
      let column = known?.column ?? CallFilter.quoted("attribute." + name)
      return try await values([column], narrow, directory)
    }
  }

  /// What the calls of a service are called as spans, or those of anybody.
  package func spanNames(
    of service: String?, in time: ClosedRange<Int64>, directory: any TagDirectory
  ) async throws(QueryError) -> [String] {
    var filter = CallFilter(time: time)
    filter.service = service
    return try await spanNames(filter.conditions, directory)
  }

  private func spanNames(
    _ condition: String, _ directory: any TagDirectory
  ) async throws(QueryError) -> [String] {
    let answer = try await run(
      "SELECT request_type, endpoint, request_domain, Enum(l7_protocol) AS p, Count(row) AS n "
        + "FROM flow_log.l7_flow_log WHERE \(condition) "
        + "GROUP BY request_type, endpoint, request_domain, p ORDER BY n DESC "
        + "LIMIT \(Self.mostValues)", directory: directory)
    var known: Set<String> = []
    return answer.rows.compactMap { row in
      guard row.count == 5 else { return nil }
      var text = TraceText()
      text.type = row[0].string ?? ""
      text.endpoint = row[1].string ?? ""
      text.domain = row[2].string ?? ""
      text.application = row[3].string ?? ""
      let name = SpanNames.name(text)
      return known.insert(name).inserted ? name : nil
    }
  }

  private func values(
    _ columns: [String], _ condition: String, _ directory: any TagDirectory
  ) async throws(QueryError) -> [TraceAttribute.Value] {
    var counts: [TraceAttribute.Value: UInt64] = [:]
    for column in columns {
      let answer = try await run(
        "SELECT \(column) AS v, Count(row) AS n FROM flow_log.l7_flow_log WHERE \(condition) "
          + "GROUP BY v ORDER BY n DESC LIMIT \(Self.mostValues)", directory: directory)
      for row in answer.rows where row.count == 2 {
        let value: TraceAttribute.Value
        switch row[0] {
        case .int(let number): value = .number(number)
        case .uint(let number): value = .number(Int64(clamping: number))
        case .string(let text) where !text.isEmpty: value = .text(text)
        default: continue
        }
        counts[value, default: 0] += row[1].number
      }
    }
    let ordered = counts.sorted { ($1.value, $0.key.text) < ($0.value, $1.key.text) }
    return ordered.prefix(Self.mostValues).map(\.key)
  }
}

extension SpanNames {
  /// Attributes that are no column's and no record's.
  static let made = [
    "network.peer.address", "network.peer.port", "peer.service", "error.type", "db.system.name",
    "rpc.system", "messaging.system", "request.body.size", "response.body.size",
    "metaflow.protocol", "metaflow.seen_at", "metaflow.edge.confidence", "metaflow.edge.reasons",
    "metaflow.without_parent",
  ]
}
