// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow losses`: what is missing from the answers.
struct LossesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "losses", abstract: "Show what was dropped, where on the way, and why.",
    discussion: """
      EXAMPLES
        metaflow losses --last 1h
        metaflow losses --json
      """)

  @OptionGroup var options: ReportOptions

  func run() async throws {
    try await options.print(
      Report(
        statement: """
          SELECT agent_id, stage, reason, Sum(dropped) AS dropped FROM loss_ledger
          WHERE \(options.window.condition)
          GROUP BY agent_id, stage, reason HAVING dropped > 0 ORDER BY dropped DESC
          """,
        columns: [
          .init(heading: "WHO") { row in
            row.number("agent_id") == 0 ? "server" : "agent \(row["agent_id"].text)"
          },
          .name("STAGE", "stage"), .name("REASON", "reason"), .count("DROPPED", "dropped"),
        ],
        whenEmpty: "Nothing was dropped.", tellsLosses: false))
  }
}
