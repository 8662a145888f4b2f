// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow agents`: which agents the server knows.
struct AgentsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents", abstract: "List the agents that the server knows.",
    discussion: """
      RESTARTS counts how often an agent started again after a crash, CRASHED IN what it was parsing, and
      NOT READ names the protocols that it has given up for that.

      EXAMPLES
        metaflow agents
        metaflow agents --json
      """)

  @Flag(name: .long, help: "Print each agent as a JSON object.")
  var json = false

  @OptionGroup var server: ServerOptions

  func run() async throws {
    let agents = try await APIClient(options: server).agents()
    let result = QueryResult(
      columns: [
        "id", "hostname", "version", "state", "last_seen", "restarts", "crashes", "suspended",
      ],
      values: agents.map {
        [
          .integer(Int64($0.id)), .text($0.hostname), .text($0.version), .text($0.state),
          .text($0.lastSeen), .unsigned($0.restarts ?? 0), .text($0.crashText),
          .text($0.suspended),
        ]
      })
    guard !json else { return print(result.json(), terminator: "") }
    guard !agents.isEmpty else {
      let ingest = try await APIClient(options: server).ingestAddress()
      return complain(
        "No agent has ever connected. Start one: metaflow-agent run --server \(ingest)")
    }
    print(
      aligned(
        ["ID", "HOST", "VERSION", "STATE", "LAST SEEN", "RESTARTS", "CRASHED IN", "NOT READ"],
        result.values.map { $0.map(\.text) },
        isNumber: [true, false, false, false, false, true, false, false]), terminator: "")
  }
}
