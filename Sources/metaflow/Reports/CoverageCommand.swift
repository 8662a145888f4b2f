// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow coverage`: what is seen of which process, what is not, and what would make it seen.
struct CoverageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coverage",
    abstract: "Show what is seen of each process, what is not, and why.",
    discussion: """
      Each agent tells it twice a minute. What is not seen stands first. ABOUT is a library, a hook, or how \
      what nobody knows began: a is a letter, 0 a digit. Rows without a process are of the whole host.

      EXAMPLES
        metaflow coverage
        metaflow coverage --gaps --host web-1
        metaflow coverage --json | jq 'select(.state == "unknown_protocol")'
      """)

  @Flag(name: .long, help: "Only what is not seen.")
  var gaps = false

  @Option(name: .long, help: "Only this host.")
  var host: String?

  @Option(name: .long, help: "Only processes of this name.")
  var process: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Show this many rows.", valueName: "rows"))
  var limit = 100

  @Flag(name: .long, help: "Print each row as a JSON object with all that is known of it.")
  var json = false

  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit is \(limit); it must be from 1 to 100000")
    }
  }

  func run() async throws {
    let coverage = try await APIClient(options: server).coverage()
    let found = coverage.rows.filter { row in
      (host.map { row.host == $0 } ?? true) && (process.map { row.process == $0 } ?? true)
        && !(gaps && row.state == "seen")
    }
    let rows = found.prefix(limit)
    if json {
      let names = [
        "agent", "host", "process_id", "process", "state", "protocol", "port", "subject",
        "connections", "reason", "remedy",
      ]
      return print(
        QueryResult(columns: names, values: rows.map(\.cells)).json(), terminator: "")
    }
    guard !rows.isEmpty else {
      return complain(
        coverage.rows.isEmpty
          ? "No agent has told yet: each does so a few seconds after it has connected."
          : "Nothing that is asked for.")
    }
    print(
      aligned(
        ["HOST", "PID", "PROCESS", "STATE", "PROTOCOL", "PORT", "CONNECTIONS", "ABOUT"],
        rows.map(\.line), isNumber: [false, true, false, false, false, true, true, false]),
      terminator: "")
    tellRemedies(of: Array(rows))
    if found.count > limit { complain("\(found.count - limit) more rows: raise --limit") }
    if coverage.leftOut > 0 {
      complain("\(coverage.leftOut) connections found no room in the agents' reports")
    }
  }

  /// Each reason once, with what to do.
  private func tellRemedies(of rows: [CoverageRow]) {
    var told: Set<String> = []
    for row in rows where row.state != "seen" && told.insert(row.state).inserted {
      print("\n\(row.state): \(row.reason)\n  \(row.remedy)")
    }
  }
}

/// The answer of `GET /v1/coverage`.
struct CoverageAnswer: Decodable {
  var rows: [CoverageRow]
  var leftOut: UInt64

  enum CodingKeys: String, CodingKey {
    case rows
    case leftOut = "left_out"
  }
}

struct CoverageRow: Decodable {
  var agent: UInt32
  var host: String
  var processID: UInt32
  var process: String
  /// `seen`, or why not.
  var state: String
  var `protocol`: String
  var port: UInt32
  var subject: String
  var connections: UInt64
  var reason: String
  var remedy: String

  enum CodingKeys: String, CodingKey {
    case agent, host, process, state, `protocol`, port, subject, connections, reason, remedy
    case processID = "process_id"
  }

  var cells: [Cell] {
    [
      .unsigned(UInt64(agent)), .text(host), .unsigned(UInt64(processID)), .text(process),
      .text(state), .text(`protocol`), .unsigned(UInt64(port)), .text(subject),
      .unsigned(connections), .text(reason), .text(remedy),
    ]
  }

  var line: [String] {
    [
      host, processID == 0 ? "-" : "\(processID)", process.isEmpty ? "(host)" : process, state,
      `protocol`.isEmpty ? "-" : `protocol`, port == 0 ? "-" : "\(port)",
      connections == 0 ? "-" : shortNumber(Double(connections)), subject,
    ]
  }
}
