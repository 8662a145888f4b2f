// SPDX-License-Identifier: Apache-2.0

package import Protocols
import Telemetry

extension ReplaySummary {
  /// The summary for people, in lines: what was read, what was made of it, and what was lost.
  ///
  /// - Parameter seconds: how long it took; not shown when nil.
  package func text(protocols known: [any ProtocolKind], seconds: Double?) -> String {
    var text = readLine(seconds) + madeLine
    let named = known.spoken.map { ($0.name, Int($0.number.rawValue)) }
    text += Self.table(protocolRows(named)) + Self.table(closeRows) + Self.table(ledgerRows)
    return text
  }

  private func readLine(_ seconds: Double?) -> String {
    var line = "read      \(Self.megabytes(bytes)) MB, \(grouped(packets)) packets"
    if let first, let last {
      line += ", \(Self.decimal(Double(last - first) / 1e9, 3)) s of traffic"
    }
    if let seconds, seconds > 0 {
      line += ", in \(Self.decimal(seconds, 2)) s (\(UInt64(Double(bytes) / seconds / 1e6)) MB/s)"
    }
    return line + "\n"
  }

  private var madeLine: String {
    "made      \(grouped(calls)) calls (l7), \(grouped(flows)) flow reports (l4), "
      + "\(grouped(callMetrics + networkMetrics)) metric rows\n"
  }

  private func protocolRows(_ named: [(String, Int)]) -> [[String]] {
    var rows: [[String]] = []
    for number in protocols.indices where protocols[number].records > 0 {
      let figures = protocols[number]
      let name = named.first { $0.1 == number }?.0 ?? "protocol \(number)"
      let average = figures.duration.count > 0 ? figures.duration.sum / figures.duration.count : 0
      rows.append([
        name, grouped(figures.records), grouped(figures.requests), grouped(figures.responses),
        grouped(figures.clientErrors), grouped(figures.serverErrors), grouped(figures.timeouts),
        grouped(figures.unanswered), grouped(average), grouped(figures.duration.maximum),
      ])
    }
    guard !rows.isEmpty else { return [] }
    let head = [
      "protocol", "calls", "requests", "responses", "client errors", "server errors", "timeouts",
      "unanswered", "average us", "longest us",
    ]
    return [head] + rows
  }

  private var closeRows: [[String]] {
    let found = closes.indices.filter { closes[$0] > 0 }
    guard !found.isEmpty else { return [] }
    let names = TagDeclaration.builtIn.first { $0.name == "close_type" }?.values ?? []
    return [["flows ended", "count"]]
      + found.map { number in
        let name = names.first { $0.number == number }?.name ?? "close type \(number)"
        return [name, grouped(closes[number])]
      }
  }

  private var ledgerRows: [[String]] {
    guard !stages.isEmpty else { return [] }
    var rows = [["stage", "received", "passed", "dropped"]]
    // In the order of the way that packets take.
    let order: [Stage] = [
      .packets, .frames, .segments, .conversations, .calls, .flows, .rollup, .uplink,
    ]
    let others = stages.keys.filter { !order.contains($0) }.sorted { $0.rawValue < $1.rawValue }
    for stage in order + others {
      guard let figures = stages[stage] else { continue }
      let reasons = figures.dropped.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\(grouped($0.value)) \($0.key.name)" }
      rows.append([
        stage.name, grouped(figures.received), grouped(figures.passed),
        reasons.isEmpty ? "0" : reasons.joined(separator: ", "),
      ])
    }
    return rows
  }

  /// Rows in columns, the first and the last to the left when they are words.
  private static func table(_ rows: [[String]]) -> String {
    guard let head = rows.first else { return "" }
    let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var text = "\n"
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        let isLeft = column == 0 || (column == row.count - 1 && head[column] == "dropped")
        line += (column > 0 ? "  " : "") + (isLeft ? cell + padding : padding + cell)
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }

  private static func megabytes(_ bytes: UInt64) -> String { decimal(Double(bytes) / 1e6, 1) }

  /// A number that is not negative, with so many digits behind the point.
  private static func decimal(_ value: Double, _ digits: Int) -> String {
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    let whole = UInt64(min(max(0, value) * Double(scale), 1e18).rounded())
    let rest = String(whole % scale)
    return grouped(whole / scale) + "." + String(repeating: "0", count: digits - rest.count) + rest
  }
}
