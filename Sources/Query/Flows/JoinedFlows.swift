// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// How many flows of an interval ended in one way.
package struct FlowBar: Hashable, Sendable {
  /// The interval's start, in seconds.
  package var time: UInt64
  package var closeType: UInt64
  package var transport: String
  package var flows: UInt64
}

extension QueryService {
  /// Seconds that the records of one flow are apart at most.
  private static let flowSeconds: Int64 = 60

  /// The flows that `filter` names: the records of each are joined first, then it is put to the one
  /// that was made nearest to the client, then sorted and cut.
  package func flows(
    _ filter: FlowFilter, directory: any TagDirectory
  ) async throws(QueryError) -> JoinedPage {
    try await page(
      limit: filter.limit, isJoined: filter.point == nil, directory: directory,
      statement: filter.statement(records:), columns: Self.flowColumns(of:)
    ) { records throws(QueryError) in
      try await joined(records, filter, directory: directory)
    }
  }

  private static func flowColumns(of answer: Answer) -> [AnswerColumn] {
    var columns = Array(answer.columns.dropLast(SeenFlow.columnCount))
    if var points = columns.first(where: { $0.name == "observation_point" }) {
      points.name = "points"
      columns.append(points)
    }
    return columns
  }

  private func joined(
    _ records: [[Value]], _ filter: FlowFilter, directory: any TagDirectory
  ) async throws(QueryError) -> [[Value]] {
    let seen = records.compactMap { SeenFlow($0.suffix(SeenFlow.columnCount)) }
    guard seen.count == records.count else {
      throw QueryError(.backend, "the store answered with other columns than it was asked for")
    }
    func row(_ record: [Value], _ way: [SeenFlow]) -> [Value] {
      record.dropLast(SeenFlow.columnCount) + [.array(way.map { .string($0.point) })]
    }
    guard filter.point == nil else { return zip(records, seen).map { row($0, [$1]) } }
    let all = SeenFlows(seen + (try await partners(of: seen, directory: directory)))
    return zip(records, seen).compactMap { record, own in
      let way = all.all(of: own)
      return way.first?.id == own.id ? row(record, way) : nil
    }
  }

  /// Every record of the flows that `records` are of, whether it passes the filter or not.
  private func partners(
    of records: [SeenFlow], directory: any TagDirectory
  ) async throws(QueryError) -> [SeenFlow] {
    guard let first = records.map(\.time).min(), let last = records.map(\.time).max() else {
      return []
    }
    func numbers(_ values: some Sequence<UInt64>) -> String {
      "(" + Set(values).sorted().map(String.init).joined(separator: ", ") + ")"
    }
    let handshakes = records.map(\.key.synSequence).filter { $0 != 0 }
    let others = records.filter { $0.key.synSequence == 0 }
    var conditions: [String] = []
    if !handshakes.isEmpty { conditions.append("syn_seq IN \(numbers(handshakes))") }
    if !others.isEmpty {
      conditions.append(
        "(syn_seq = 0 AND client_port IN \(numbers(others.map { $0.key.ends[1].number })) "
          + "AND server_port IN \(numbers(others.map { $0.key.ends[3].number })))")
    }
    guard !conditions.isEmpty else { return [] }
    let answer = try await run(
      "SELECT \(SeenFlow.columns) FROM flow_log.l4_flow_log "
        + "WHERE time >= \(max(0, first - Self.flowSeconds)) AND time <= \(last + Self.flowSeconds) "
        + "AND (\(conditions.joined(separator: " OR "))) LIMIT \(DialectLimits.rows)",
      directory: directory)
    return answer.rows.compactMap { SeenFlow($0[...]) }
  }

  /// How many flows ended how, over time: the records of the one point that saw most of them, the
  /// nearest to the client that saw at least half as many, so that nothing counts twice.
  package func flowBars(
    _ filter: FlowFilter, step: Int64, directory: any TagDirectory
  ) async throws(QueryError) -> [FlowBar] {
    let answer = try await run(
      "SELECT time(time, \(step)) AS t, close_type, Enum(protocol) AS transport, "
        + "observation_point, Count(row) AS flows FROM flow_log.l4_flow_log "
        + "WHERE \(filter.conditions) GROUP BY t, close_type, protocol, observation_point "
        + "LIMIT \(DialectLimits.rows)", directory: directory)
    var rows = answer.rows.filter { $0.count == 5 }
    if filter.point == nil {
      let speaker = FigureRequest.Speaker(end: .client, weight: "flows", things: [])
      rows = speaker.chosen(rows, things: [], point: 3, weight: 4)
    }
    return rows.map {
      FlowBar(
        time: $0[0].number, closeType: $0[1].number, transport: $0[2].string ?? "",
        flows: $0[4].number)
    }
  }
}
