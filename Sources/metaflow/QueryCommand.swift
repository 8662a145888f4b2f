// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow query SQL`: one statement, its rows on stdout, what is missing from them on stderr.
struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Run one SQL statement and print its rows.",
    discussion: """
      EXAMPLES
        metaflow query 'SHOW tags FROM l7_flow_log'
        metaflow query 'SELECT time(time, 60) AS t, Sum(request) AS r FROM application.1s GROUP BY t' \\
          --format csv
      """)

  @Argument(help: "The statement. '-' reads it from standard input.")
  var sql: String

  @Option(
    name: .long, help: "Look for tables that are named without a database in this one only.")
  var db = ""

  @Option(name: .long, help: "How to write the rows: table, json or csv.")
  var format = OutputFormat.table

  @OptionGroup var server: ServerOptions

  func run() async throws {
    let statement = sql == "-" ? readAllLines() : sql
    let answer = try await APIClient(options: server).query(statement, database: db)
    print(answer.rendered(as: format), terminator: "")
    answer.tellLosses()
  }

  private func readAllLines() -> String {
    var text = ""
    while let line = readLine(strippingNewline: false) { text += line }
    return text
  }
}
