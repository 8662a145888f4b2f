// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage

/// Figures, and where they come from.
package struct FigurePage: Hashable, Sendable {
  package var answer: Answer
  /// The first second of the calls that percentiles are of; nil where they are of all.
  package var percentilesFrom: Int64?
}

extension QueryService {
  /// Calls that percentiles are read from, at most: the latest.
  static let mostCalls: Double = 2_000_000

  /// Sums, means and percentiles over a range, read from the tables that fit it.
  package func figures(
    _ request: FigureRequest, in range: FigureRange, directory: any TagDirectory
  ) async throws(QueryError) -> FigurePage {
    let folds = try request.folds()
    var found = FigureRows(folds)
    var answer: Answer?
    let parts = range.parts(step: request.step)
    for part in parts {
      let rows = try await run(
        request.statement(part), now: range.now, directory: directory)
      found.add(rows.rows)
      if answer == nil { answer = rows }
    }
    guard var answer else { return FigurePage(answer: Answer(columns: [], rows: [])) }
    answer.range = TimeRange(first: range.time.lowerBound, last: range.time.upperBound)
    let rows = parts.count > 1 ? request.sorted(found.rows) : found.rows
    answer.rows = Array(try chosen(rows, request).prefix(request.limit))
    var page = FigurePage(answer: answer)
    if !request.percentiles.isEmpty {
      try await addPercentiles(to: &page, request, folds, range, directory)
    }
    return page
  }

  private func chosen(
    _ rows: [[Value]], _ request: FigureRequest
  ) throws(QueryError) -> [[Value]] {
    var rows = rows
    if !request.hasEchoes {
      rows = Echoes(
        server: try request.index(of: "server"),
        protocolName: try request.index(of: "protocol"),
        clientKind: try request.index(of: "client_kind"),
        point: try request.index(of: "observation_point"),
        weight: try request.index(of: request.speaker?.weight ?? "requests")
      ).leftOut(of: rows)
    }
    guard let speaker = request.speaker else { return rows }
    var things: [Int] = []
    for name in speaker.things { things.append(try request.index(of: name)) }
    return speaker.chosen(
      rows, things: things, point: try request.index(of: "observation_point"),
      weight: try request.index(of: speaker.weight))
  }
}

// MARK: Percentiles

extension QueryService {
  /// Percentiles are of single calls, which the log has. Where it has more of them than a glance is
  /// worth, they are of the latest; and where none of those was a row's, of its averages by interval,
  /// which is told in `is_coarse`.
  private func addPercentiles(
    to page: inout FigurePage, _ request: FigureRequest, _ folds: [FigureRequest.Fold],
    _ range: FigureRange, _ directory: any TagDirectory
  ) async throws(QueryError) {
    let keys = zip(request.columns, folds).filter { $0.1 == .key }.map(\.0)
    func columns(_ metric: String) -> [FigureRequest.Column] {
      keys + request.percentiles.map { .init("p\($0)", "Percentile(\(metric), \($0))") }
    }
    let part = try await latestCalls(request, range, directory)
    let exact = try await run(
      FigureRequest.statement(
        columns("response_duration"), from: "l7_flow_log", part, request.condition,
        request.grouping, "", request.limit), now: range.now, directory: directory)
    var found: [[Value]: [Value]] = [:]
    if part != range.time {
      page.percentilesFrom = part.lowerBound
      let coarse = try await run(
        FigureRequest.statement(
          columns("rrt"), from: "\(request.table).\(range.precision.rawValue)", range.time,
          request.condition, request.grouping, "", request.limit), now: range.now,
        directory: directory)
      for row in coarse.rows {
        found[Array(row.prefix(keys.count))] = row.dropFirst(keys.count) + [.uint(1)]
      }
    }
    for row in exact.rows {
      found[Array(row.prefix(keys.count))] = row.dropFirst(keys.count) + [.uint(0)]
    }
    let rows = FigureRows(folds)
    let none = Array(repeating: Value.null, count: request.percentiles.count) + [.uint(0)]
    page.answer.rows = page.answer.rows.map { row in row + (found[rows.key(of: row)] ?? none) }
    page.answer.columns += exact.columns.suffix(request.percentiles.count)
    if var flag = exact.columns.last {
      (flag.name, flag.unit) = ("is_coarse", "")
      page.answer.columns.append(flag)
    }
  }

  /// The latest part of the range that holds about as many calls as are worth being read.
  private func latestCalls(
    _ request: FigureRequest, _ range: FigureRange, _ directory: any TagDirectory
  ) async throws(QueryError) -> ClosedRange<Int64> {
    let step = max(
      range.precision.seconds, (range.time.upperBound - range.time.lowerBound) / 120 + 1)
    let counted = try await run(
      FigureRequest.statement(
        [.init("t", "time(time, \(step))"), .init("calls", "Sum(request)")],
        from: "\(request.table).\(range.precision.rawValue)", range.time, request.condition, "t",
        "t DESC", 1_000), now: range.now, directory: directory)
    var room = Self.mostCalls
    for row in counted.rows where row.count == 2 {
      let (start, calls) = (Int64(row[0].real ?? 0), row[1].real ?? 0)
      if calls > room {
        let end = min(range.time.upperBound, start + step)
        let from = end - Int64(Double(end - start) * room / calls)
        let first = min(max(range.time.lowerBound, from), range.time.upperBound - 1)
        return max(range.time.lowerBound, first)...range.time.upperBound
      }
      room -= calls
    }
    return range.time
  }
}
