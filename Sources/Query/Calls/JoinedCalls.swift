// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage
internal import Telemetry

extension QueryService {
  /// The calls that `filter` names: the records of each are joined first, then it is put to the one
  /// that was made nearest to the client, then sorted and cut.
  ///
  /// Each call's first record passes the filter by itself, so the records that pass, in the order
  /// that is wanted, hold every call wanted; those that another record precedes are left out.
  package func calls(
    _ filter: CallFilter, directory: any TagDirectory
  ) async throws(QueryError) -> JoinedPage {
    try await page(
      limit: filter.limit, isJoined: filter.point == nil, directory: directory,
      statement: filter.statement(records:), columns: CallColumns.shown(of:)
    ) { records throws(QueryError) in
      try await joined(records, filter, directory: directory)
    }
  }

  /// The rows of calls among `records`, at least one more than wanted where there are so many.
  private func joined(
    _ records: [[Value]], _ filter: CallFilter, directory: any TagDirectory
  ) async throws(QueryError) -> [[Value]] {
    var rows: [[Value]] = []
    var next = 0
    while next < records.count, rows.count <= filter.limit {
      let part = records[next..<min(records.count, next + filter.limit * 2)]
      next = part.endIndex
      let seen = part.compactMap { SeenCall($0.suffix(SeenCall.columnCount)) }
      guard seen.count == part.count else {
        throw QueryError(.backend, "the store answered with other columns than it was asked for")
      }
      guard filter.point == nil else {
        rows += zip(part, seen).map { CallColumns.row($0, [$1]) }
        continue
      }
      let all = SeenCalls(try await partners(of: seen, directory: directory) + seen)
      for (record, own) in zip(part, seen) {
        let way = all.all(of: own)
        if way.first?.id == own.id { rows.append(CallColumns.row(record, way)) }
      }
    }
    return rows
  }

  /// Every record of the calls that `records` are of.
  func partners(
    of records: [SeenCall], directory: any TagDirectory
  ) async throws(QueryError) -> [SeenCall] {
    guard let first = records.map(\.second).min(), let last = records.map(\.second).max() else {
      return []
    }
    func numbers(_ values: [UInt64]) -> String? {
      values.isEmpty ? nil : "(" + Set(values).map(String.init).joined(separator: ", ") + ")"
    }
    let datagrams = records.filter { $0.requestSequence == 0 && $0.responseSequence == 0 }
    let conditions = [
      numbers(records.map(\.requestSequence).filter { $0 != 0 }).map { "req_tcp_seq IN \($0)" },
      numbers(records.map(\.responseSequence).filter { $0 != 0 }).map { "resp_tcp_seq IN \($0)" },
      numbers(datagrams.compactMap(\.requestID)).map {
        "(req_tcp_seq = 0 AND resp_tcp_seq = 0 AND request_id IN \($0))"
      },
    ].compactMap(\.self)
    guard !conditions.isEmpty else { return [] }
    let answer = try await run(
      "SELECT \(SeenCall.columns) FROM flow_log.l7_flow_log "
        + "WHERE time >= \(max(0, first - Self.clockSeconds)) AND time <= \(last + Self.clockSeconds) "
        + "AND (\(conditions.joined(separator: " OR "))) LIMIT \(DialectLimits.rows)",
      directory: directory)
    return answer.rows.compactMap { SeenCall($0[...]) }
  }
}

extension CallFilter.Sort {
  fileprivate var column: String { self == .protocol ? "application" : rawValue }
}

extension CallFilter {
  /// The records that pass, in the order wanted.
  func statement(records: Int) -> String {
    let way = isDescending ? "DESC" : "ASC"
    let order =
      sort == .time ? "time \(way), start_time \(way)" : "\(sort.column) \(way), time DESC"
    return "SELECT \(CallColumns.shownColumns), \(SeenCall.columns) FROM flow_log.l7_flow_log "
      + "WHERE \(conditions) ORDER BY \(order) LIMIT \(records)"
  }
}

/// The columns of a ``JoinedPage`` of calls.
enum CallColumns {
  /// `protocol` is the application's here, as everywhere that people look.
  static let shownColumns =
    "toString(_id) AS id, time, start_time, end_time, auto_service_0 AS client, "
    + "auto_service_1 AS server, Enum(l7_protocol) AS application, request_type, request_resource, "
    + "request_domain, endpoint, Enum(response_status) AS status, response_code, "
    + "response_exception, response_duration, observation_point, trace_id, ip_0, client_port, ip_1, "
    + "server_port, host_0, host_1, request_length, response_length, process_id_0, process_id_1, "
    + "if(carrier_protocol = 0, '', Enum(carrier_protocol)) AS carrier, request_messages, "
    + "response_messages, attribute_names, attribute_values"
  private static let server = 5

  static func shown(of answer: Answer) -> [AnswerColumn] {
    var columns = Array(answer.columns.dropLast(SeenCall.columnCount))
    guard let duration = columns.first(where: { $0.name == "response_duration" }),
      let point = columns.first(where: { $0.name == "observation_point" })
    else { return columns }
    for index in columns.indices where columns[index].name == "application" {
      columns[index].name = "protocol"
    }
    var (points, taken) = (point, duration)
    points.name = "points"
    taken.name = "server_duration"
    return columns + [points, taken]
  }

  /// - Parameter way: All records of the call, `record`'s first.
  static func row(_ record: [Value], _ way: [SeenCall]) -> [Value] {
    var row = Array(record.dropLast(SeenCall.columnCount))
    // Who answers is known best where it answers.
    if let last = way.last, last.namesServer, way.first?.namesServer == false {
      row[server] = last.server
    }
    let taken = way.count > 1 && way.last?.point.first == "s" ? way.last?.duration : nil
    return row + [.array(way.map { .string($0.point) }), taken.map(Value.uint) ?? .null]
  }
}
