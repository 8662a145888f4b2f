// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage
internal import Telemetry

/// What a server called while it served a call: its likely causes.
package struct CallsMeanwhile: Hashable, Sendable {
  /// Who served the call, and when, microseconds.
  package var service: String
  package var time: ClosedRange<Int64>
  /// Calls, errors first, then the longest. The column `evidence` says why each is thought to belong:
  /// `chain` (the same chain of system calls), `thread` (the thread that served) or `process`.
  package var page: JoinedPage
}

extension QueryService {
  /// Calls that are told of one call.
  private static let mostMeanwhile = 200

  /// The calls that the process which served call `id` made while it did. That they were made *for*
  /// the call is a guess, the better the fewer calls a process serves at once.
  ///
  /// - Returns: Nil when no record was made at the server's process, or there is no such row.
  package func meanwhile(
    _ id: UInt64, directory: any TagDirectory
  ) async throws(QueryError) -> CallsMeanwhile? {
    let hops = try await hops(of: id, directory: directory)
    guard let hop = hops.last, hop.observationPoint == "s-p" else { return nil }
    let served = try await run(
      "SELECT process_id_1, syscall_thread_1, syscall_trace_id_request, "
        + "syscall_trace_id_response FROM flow_log.l7_flow_log "
        + "WHERE time = \(hop.id >> 32) AND _id = \(hop.id)", directory: directory)
    guard let row = served.rows.first, row.count == 4, row[0].number != 0 else { return nil }
    let serving = Serving(
      process: row[0].number, thread: row[1].number,
      chains: Set([row[2].number, row[3].number]).subtracting([0]))
    var filter = CallFilter(time: hop.start / 1_000_000...hop.end / 1_000_000 + Self.clockSeconds)
    filter.point = "c-p"
    filter.includesOwn = true
    filter.limit = Self.mostMeanwhile
    let made =
      "agent_id = \(hop.agent) AND process_id_0 = \(serving.process) "
      + "AND start_time >= \(hop.start) AND start_time <= \(hop.end)"
    let order = "response_status = 0 ASC, response_duration DESC"
    let found = try await run(
      "SELECT \(CallColumns.shownColumns), \(SeenCall.columns), \(Serving.columns) "
        + "FROM flow_log.l7_flow_log WHERE \(filter.conditions) AND \(made) "
        + "ORDER BY \(order) LIMIT \(filter.limit + 1)", directory: directory)
    return CallsMeanwhile(
      service: hop.serverService, time: hop.start...max(hop.start, hop.end),
      page: try await page(found, serving, directory: directory))
  }

  private func page(
    _ found: Answer, _ serving: Serving, directory: any TagDirectory
  ) async throws(QueryError) -> JoinedPage {
    var plain = found
    plain.columns.removeLast(Serving.columnCount)
    plain.columns = CallColumns.shown(of: plain)
    let records = found.rows.map { Array($0.dropLast(Serving.columnCount)) }
    let seen = records.compactMap { SeenCall($0.suffix(SeenCall.columnCount)) }
    let all = SeenCalls(try await partners(of: seen, directory: directory) + seen)
    plain.rows = zip(zip(records, seen), found.rows).map { call, row in
      let evidence = serving.evidence(row.suffix(Serving.columnCount))
      return CallColumns.row(call.0, all.all(of: call.1)) + [.string(evidence)]
    }
    if var evidence = plain.columns.first(where: { $0.name == "status" }) {
      evidence.name = "evidence"
      plain.columns.append(evidence)
    }
    let isCut = plain.rows.count > Self.mostMeanwhile
    if isCut { plain.rows.removeLast() }
    return JoinedPage(answer: plain, isCut: isCut)
  }
}

/// What is known of how a call was served.
private struct Serving {
  var process: UInt64
  var thread: UInt64
  var chains: Set<UInt64>

  static let columns = "syscall_thread_0, syscall_trace_id_request, syscall_trace_id_response"
  static let columnCount = 3

  func evidence(_ row: ArraySlice<Value>) -> String {
    let row = Array(row)
    if chains.contains(row[1].number) || chains.contains(row[2].number) { return "chain" }
    return thread != 0 && row[0].number == thread ? "thread" : "process"
  }
}
