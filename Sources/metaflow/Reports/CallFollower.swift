// SPDX-License-Identifier: Apache-2.0

/// Prints calls as they come.
///
/// The records of one call come from several points at different moments, and the server joins those
/// that are there. So a call that only one point saw is held back until the others' are due.
struct CallFollower {
  let options: ReportOptions
  let report: Report
  /// Asks for calls; takes the parameters that say when.
  let ask: ([(String, String?)]) async throws -> QueryAnswer

  /// Seconds that are looked back over each time: records may be late by the flush of their agent.
  private static let overlap: Int64 = 30
  /// Seconds until every point's record is there, where all goes well.
  private static let due: Int64 = 4
  /// Calls that are remembered.
  private static let remembered = 100_000

  func run() async throws {
    var known: Set<String> = []
    var order: [String] = []
    var told: [QueryAnswer.Loss] = []
    var isFirst = true
    while true {
      let answer = try await ask(
        isFirst ? options.window.parameters : [("last", "\(Self.overlap)")])
      let until = ((answer.range?.last ?? Moment.now) - Self.due) * 1_000_000
      let new = options.rows(of: answer).filter { row in
        let isWhole = row.number("end_time") <= Double(until) || isJoined(row)
        return isWhole && known.insert(row["id"].text).inserted
      }
      order += new.map { $0["id"].text }
      let excess = order.count - Self.remembered
      if excess > 0 {
        for id in order.prefix(excess) { known.remove(id) }
        order.removeFirst(excess)
      }
      print(
        new.sorted { $0.number("end_time") < $1.number("end_time") }, answer.result.columns,
        withHeading: isFirst)
      if let losses = answer.losses, losses != told {
        told = losses
        answer.tellLosses()
      }
      isFirst = false
      try await Task.sleep(for: .seconds(1))
    }
  }

  private func isJoined(_ row: Row) -> Bool {
    if case .list(let points) = row["points"] { points.count > 1 } else { false }
  }

  private func print(_ rows: [Row], _ names: [String], withHeading: Bool) {
    if options.json {
      if !rows.isEmpty { options.show(report, names, rows) }
    } else if !rows.isEmpty || withHeading {
      let lines = report.table(rows).split(separator: "\n", omittingEmptySubsequences: false)
      Swift.print(lines.dropFirst(withHeading ? 0 : 2).joined(separator: "\n"), terminator: "")
    }
    flushOutput()
  }
}
