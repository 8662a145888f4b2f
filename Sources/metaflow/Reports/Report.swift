// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a command asks the server, and how it shows the answer.
struct Report {
  var database = "flow_log"
  /// Empty where the server is asked otherwise.
  var statement = ""
  /// Makes one row of the rows that are the same thing, seen at several observation points.
  var fold: ([Row]) -> [Row] = { $0 }
  var columns: [Column]
  /// What to say, and do, when there is nothing.
  var whenEmpty: String

  /// A column of the table.
  struct Column {
    var heading: String
    var isNumber = false
    var text: (Row) -> String
  }
}

/// A row of an answer, by the names of its columns.
struct Row {
  private var cells: [String: Cell]

  init(_ names: [String], _ cells: [Cell]) {
    self.cells = Dictionary(zip(names, cells)) { first, _ in first }
  }

  subscript(name: String) -> Cell {
    get { cells[name] ?? .null }
    set { cells[name] = newValue }
  }

  /// A number; 0 where there is none.
  func number(_ name: String) -> Double { self[name].number ?? 0 }
}

/// The options that every report has.
struct ReportOptions: ParsableArguments {
  @Option(name: .long, help: "How far back to look: 30s, 15m, 2h or 1d.")
  var last = Span(seconds: 900)

  @Option(name: .long, help: ArgumentHelp("Show this many rows.", valueName: "rows"))
  var limit = 20

  @Flag(name: .long, help: "Print each row as a JSON object with all that is known of it.")
  var json = false

  @Flag(name: .long, help: "Also show what MetaFlow's own programs do.")
  var own = false

  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard (1...10_000).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 10000")
    }
  }

  /// The rows of the time range, without MetaFlow's own unless asked for.
  ///
  /// - Parameter conditions: More conditions; nil ones are left out.
  func filter(_ conditions: [String?]) -> String {
    let names = ["metaflow", "metaflow-server", "metaflow-agent", "metaflow-engine"]
    let others = "auto_service_1 NOT IN (\(names.map(literal).joined(separator: ", ")))"
    let all = ["time >= now() - \(last.seconds)"] + conditions.compactMap { $0 }
    return (own ? all : all + [others]).joined(separator: " AND ")
  }

  /// The interval of the metrics table that fits the range; seconds are kept for a day.
  var interval: String { last.seconds <= 3_600 ? "1s" : "1m" }

  /// Rows of a log to ask for, so that `limit` remain when each thing was seen at several points.
  var askedFor: Int { limit * 6 }

  /// Asks the server and prints the report.
  func print(_ report: Report) async throws {
    let answer = try await APIClient(options: server).query(
      report.statement, database: report.database)
    show(answer, as: report)
  }

  /// Prints an answer as the report says.
  func show(_ answer: QueryAnswer, as report: Report) {
    let names = answer.result.columns
    let rows = report.fold(answer.result.values.map { Row(names, $0) }).prefix(limit)
    if json {
      let values = rows.map { row in names.map { row[$0] } }
      Swift.print(QueryResult(columns: names, values: values).json(), terminator: "")
    } else if rows.isEmpty {
      complain("Nothing in the last \(last). \(report.whenEmpty)")
    } else {
      let cells = rows.map { row in report.columns.map { $0.text(row) } }
      Swift.print(
        aligned(
          report.columns.map(\.heading), cells, isNumber: report.columns.map(\.isNumber)),
        terminator: "")
    }
    answer.tellLosses()
  }
}

/// A stretch of time as people write it.
struct Span: ExpressibleByArgument, CustomStringConvertible {
  let seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = argument.last, let unit = units[last],
      let count = Int(argument.dropLast()), (1...1_000_000).contains(count)
    else { return nil }
    seconds = count * unit
  }

  var description: String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] where seconds % size == 0 {
      return "\(seconds / size)\(unit)"
    }
    return "\(seconds)s"
  }

  var defaultValueDescription: String { description }
}

/// A string literal of the dialect.
func literal(_ text: String) -> String {
  "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
}
