// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a command asks the server, and how it shows the answer.
struct Report {
  var database = ""
  /// Empty where the server is asked otherwise.
  var statement = ""
  var columns: [Column]
  /// What to say, and do, when there is nothing.
  var whenEmpty: String
  /// Whether what is missing is told besides the rows.
  var tellsLosses = true

  /// A column of the table.
  struct Column {
    var heading: String
    var isNumber = false
    var text: (Row) -> String
  }

  /// The rows under their columns.
  func table(_ rows: some Collection<Row>) -> String {
    aligned(
      columns.map(\.heading), rows.map { row in columns.map { $0.text(row) } },
      isNumber: columns.map(\.isNumber))
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
  @OptionGroup var window: TimeWindow

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Show this many rows.", valueName: "rows"))
  var limit = 20

  @Flag(name: .long, help: "Print each row as a JSON object with all that is known of it.")
  var json = false

  @Flag(name: .long, help: "Also show what MetaFlow's own programs do.")
  var own = false

  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard (1...10_000).contains(limit) else {
      throw ValidationError("--limit is \(limit); it must be from 1 to 10000")
    }
  }

  var client: APIClient { APIClient(options: server) }

  /// The conditions, and without MetaFlow's own unless asked for; nil for none.
  ///
  /// - Parameter conditions: Nil ones are left out.
  func condition(_ conditions: [String?]) -> String? {
    let names = ["metaflow", "metaflow-server", "metaflow-agent", "metaflow-engine"]
    let others = "auto_service_1 NOT IN (\(names.map(literal).joined(separator: ", ")))"
    let all = conditions.compactMap { $0 } + (own ? [] : [others])
    return all.isEmpty ? nil : all.joined(separator: " AND ")
  }

  /// The seconds of the window from the first row of a metrics table on: what was before anybody
  /// watched is not known, and no zero. Told where it is less than was asked for.
  func secondsKnown(to table: String) async throws -> Int {
    let answer = try await client.query(
      "SELECT time FROM \(table) WHERE \(window.condition) ORDER BY time LIMIT 1", database: "",
      precision: "auto")
    guard let begin = answer.range?.first, let first = answer.result.values.first?.first?.number
    else { return window.seconds }
    let known = min(window.seconds, max(1, Int(begin) + window.seconds - Int(first)))
    if known < window.seconds / 10 * 9 {
      complain(
        "note: nothing is known before \(QueryResult.utcText(Int64(first), ticks: 1)) (UTC); rates are "
          + "over the time since")
    }
    return known
  }

  /// Asks the server and prints the report.
  func print(_ report: Report) async throws {
    show(
      try await client.query(report.statement, database: report.database), as: report)
  }

  /// Prints an answer as the report says.
  func show(_ answer: QueryAnswer, as report: Report) {
    show(report, answer.result.columns, rows(of: answer).prefix(limit))
    if report.tellsLosses { answer.tellLosses() }
  }

  func rows(of answer: QueryAnswer) -> [Row] {
    answer.result.values.map { Row(answer.result.columns, $0) }
  }

  /// Prints rows as asked for.
  ///
  /// - Parameter names: The columns of a JSON object.
  func show(_ report: Report, _ names: [String], _ rows: some Collection<Row>) {
    if json {
      let values = rows.map { row in names.map { row[$0] } }
      Swift.print(QueryResult(columns: names, values: values).json(), terminator: "")
    } else if rows.isEmpty {
      complain("Nothing \(window.text). \(report.whenEmpty)")
    } else {
      Swift.print(report.table(rows), terminator: "")
    }
  }
}

/// A string literal of the dialect.
func literal(_ text: String) -> String {
  var quoted = "'"
  // By scalars: a mark that joins a quote makes another character of it, but no other byte.
  for scalar in text.unicodeScalars {
    switch scalar {
    case "'": quoted += "\\'"
    case "\\": quoted += "\\\\"
    default: quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "'"
}
