// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// What a span tells of a record besides what putting the trace together took.
struct SpanDetails: Hashable, Sendable {
  var attributes: [TraceAttribute] = []
  /// The span that the record carries, or is.
  var span = ""
  var application = ""
  var clientHost = ""
  var serverHost = ""
  var clientInstance = ""
  var serverInstance = ""
  var requestBytes: UInt64 = 0
  var responseBytes: UInt64 = 0

  static let columns =
    "_id, attribute_names, attribute_values, span_id, app_service, host_0, host_1, auto_instance_0, "
    + "auto_instance_1, request_length, response_length"

  init() {}

  init?(_ row: [Value]) {
    guard row.count == 11 else { return nil }
    if case .array(let names) = row[1], case .array(let values) = row[2] {
      attributes = zip(names, values).compactMap { name, value in
        name.string.map { TraceAttribute($0, value.string ?? "") }
      }
    }
    span = row[3].string ?? ""
    application = row[4].string ?? ""
    (clientHost, serverHost) = (row[5].string ?? "", row[6].string ?? "")
    (clientInstance, serverInstance) = (row[7].string ?? "", row[8].string ?? "")
    (requestBytes, responseBytes) = (row[9].number, row[10].number)
  }
}

extension QueryService {
  /// Rows that one statement names.
  private static let mostRows = 2_000

  /// Each trace in spans, with their attributes.
  package func spans(
    of traces: [Trace], directory: any TagDirectory
  ) async throws(QueryError) -> [SpanTree] {
    var details: [UInt64: SpanDetails] = [:]
    let ids = traces.flatMap { trace in trace.calls.flatMap(SpanTree.records) }.sorted()
    for start in stride(from: 0, to: ids.count, by: Self.mostRows) {
      let part = ids[start..<min(ids.count, start + Self.mostRows)]
      guard let first = part.first, let last = part.last else { continue }
      let list = part.map(String.init).joined(separator: ", ")
      let answer = try await run(
        "SELECT \(SpanDetails.columns) FROM flow_log.l7_flow_log WHERE time >= \(first >> 32) "
          + "AND time <= \(last >> 32) AND _id IN (\(list)) LIMIT \(part.count)",
        directory: directory)
      for row in answer.rows {
        if let found = SpanDetails(row) { details[row[0].number] = found }
      }
    }
    return traces.map { SpanTree($0, details: details) }
  }
}
