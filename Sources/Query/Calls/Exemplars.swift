// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// A call that stands for the calls of an interval, and leads to its trace.
package struct Exemplar: Hashable, Sendable {
  /// `_id` of a record of it.
  package var id: UInt64
  /// Opens its trace: what it carries, or made of its row.
  package var trace: String
  package var client: String
  package var server: String
  package var text: TraceText
  /// Microseconds.
  package var start: Int64
  package var duration: Int64
}

/// The calls that stand for an interval.
package struct ExemplarPoint: Hashable, Sendable {
  /// The interval's start, in seconds.
  package var time: Int64
  /// The longest call of all.
  package var slowest: Exemplar
  /// The longest of those that failed; nil where none did.
  package var failed: Exemplar?
}

extension QueryService {
  private static let failures = ["Server Error", "Client Error", "Timeout"]

  /// Of each interval that has calls which pass, the slowest, and the slowest that failed.
  ///
  /// - Parameter step: Seconds of an interval.
  package func exemplars(
    _ filter: CallFilter, step: Int64, directory: any TagDirectory
  ) async throws(QueryError) -> [ExemplarPoint] {
    let slowest = try await longest(filter, step, directory)
    var failing = filter
    failing.statuses =
      filter.statuses.isEmpty
      ? Self.failures : filter.statuses.filter { Self.failures.contains($0) }
    let failed = failing.statuses.isEmpty ? [:] : try await longest(failing, step, directory)
    return slowest.sorted { $0.key < $1.key }.map { time, call in
      ExemplarPoint(time: time, slowest: call, failed: failed[time])
    }
  }

  /// The longest call of each interval: first how long it took, then which it was.
  private func longest(
    _ filter: CallFilter, _ step: Int64, _ directory: any TagDirectory
  ) async throws(QueryError) -> [Int64: Exemplar] {
    let peaks = try await run(
      "SELECT time(time, \(step)) AS t, Max(response_duration) AS longest "
        + "FROM flow_log.l7_flow_log WHERE \(filter.conditions) GROUP BY t "
        + "LIMIT \(DialectLimits.defaultRows)", directory: directory)
    var wanted: [Int64: UInt64] = [:]
    for row in peaks.rows where row.count == 2 {
      let longest = if case .double(let number) = row[1] { UInt64(number) } else { row[1].number }
      if longest > 0 { wanted[Int64(clamping: row[0].number)] = longest }
    }
    guard !wanted.isEmpty else { return [:] }
    let durations = Set(wanted.values).sorted().map(String.init).joined(separator: ", ")
    let answer = try await run(
      "SELECT time, \(Exemplar.columns) FROM flow_log.l7_flow_log "
        + "WHERE \(filter.conditions) AND response_duration IN (\(durations)) "
        + "ORDER BY time LIMIT \(DialectLimits.defaultRows)", directory: directory)
    var found: [Int64: Exemplar] = [:]
    for row in answer.rows {
      let time = Int64(clamping: row.first?.number ?? 0) / step * step
      guard let call = Exemplar(row.dropFirst()), found[time] == nil,
        wanted[time] == UInt64(clamping: call.duration)
      else { continue }
      found[time] = call
    }
    return found
  }
}

extension Exemplar {
  fileprivate static let columns =
    "_id, trace_id, auto_service_0, auto_service_1, Enum(l7_protocol) AS application, request_type, "
    + "request_resource, request_domain, endpoint, Enum(response_status) AS status, response_code, "
    + "start_time, response_duration"

  fileprivate init?(_ row: ArraySlice<Value>) {
    let row = Array(row)
    guard row.count == 13 else { return nil }
    func word(_ index: Int) -> String { row[index].string ?? "" }
    id = row[0].number
    trace = TraceIdentity.padded(word(1)) ?? TraceIdentity.made(row[0].number)
    (client, server) = (word(2), word(3))
    text = TraceText()
    text.application = word(4)
    text.type = word(5)
    text.resource = word(6)
    text.domain = word(7)
    text.endpoint = word(8)
    text.status = word(9)
    switch row[10] {
    case .int(let code): text.code = code
    case .uint(let code): text.code = Int64(clamping: code)
    default: break
    }
    start = Int64(clamping: row[11].number)
    duration = Int64(clamping: row[12].number)
  }
}
