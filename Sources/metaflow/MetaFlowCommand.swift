// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command line client. It speaks the server's HTTP API and nothing else.
@main
struct MetaFlowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metaflow",
    abstract: "Ask a MetaFlow server.",
    discussion: """
      EXAMPLES
        metaflow services --last 5m
        metaflow endpoints --service nginx --sort p95
        metaflow calls --service nginx --errors
        metaflow traces --service nginx --errors
        metaflow trace 4bf92f3577b34da6a3ce929d0e0e4736
        metaflow network --service postgres
        metaflow coverage --gaps
        metaflow query 'SHOW tables'
        metaflow query 'SELECT auto_service_1, Sum(request) AS calls FROM application_map.1s
                        GROUP BY auto_service_1 ORDER BY calls DESC'
      """,
    version: "0.1.0",
    subcommands: [
      ServicesCommand.self, EndpointsCommand.self, CallsCommand.self, TracesCommand.self,
      TraceCommand.self, ExemplarsCommand.self, FlowsCommand.self, NetworkCommand.self,
      WhyCommand.self, LossesCommand.self, AgentsCommand.self, QueryCommand.self,
      CoverageCommand.self, PluginCommand.self,
    ])
}

/// Where the server is; shared by every command.
struct ServerOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Address of the server's API.", valueName: "url"))
  var server = "http://127.0.0.1:20416"

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Give up after this many seconds.", valueName: "seconds"))
  var timeout: Int64 = 70

  func validate() throws {
    guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
      throw ValidationError(
        "--server is '\(server)'; write it with its scheme, as in http://127.0.0.1:20416")
    }
    guard timeout > 0 else { throw ValidationError("--timeout must be at least 1 second") }
  }
}

/// How a table is written to standard output.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, csv
}
