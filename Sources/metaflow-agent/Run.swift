// SPDX-License-Identifier: Apache-2.0

import Agent
import ArgumentParser
import Capture
import ConfigurationFile
import Logging

/// `metaflow-agent run`: watches until it is told to stop.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watches this host until SIGINT or SIGTERM.",
    discussion: """
      Options win over the configuration file. While the server is away, batches wait in the spool
      directory and are delivered after, also when the agent was killed meanwhile.

      EXAMPLES
        metaflow-agent run --server 10.0.0.5:20033
        metaflow-agent run --spool-dir /tmp/spool --metrics 127.0.0.1:0 --log-level debug
      """)

  @Option(help: ArgumentHelp("A YAML file; see config/agent.yaml.", valueName: "file"))
  var config: String?
  @Option(help: ArgumentHelp("The server's ingest address.", valueName: "host:port"))
  var server: String?
  @Option(help: ArgumentHelp("Where /metrics listens.", valueName: "host:port"))
  var metrics: String?
  @Option(help: ArgumentHelp("Where unacknowledged batches are kept.", valueName: "folder"))
  var spoolDir: String?
  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel: String?

  func run() async throws {
    LargeBlocks.returnToHost()
    do {
      let configuration = try settings()
      var logger = Logger(label: "metaflow-agent") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .info
      let signals = StopSignals()
      defer { signals.end() }
      try await Agent(configuration: configuration, logger: logger).run(until: signals.stream)
    } catch let error as ConfigurationError {
      throw refuse("\(error)", Failure.configuration)
    } catch let error as ProbeError {
      throw refuse("\(error)", Failure.refused)
    } catch let error as SpoolError {
      throw refuse("\(error)", Failure.unavailable)
    } catch let error as MetricsServer.BindError {
      throw refuse("\(error)", Failure.unavailable)
    }
  }

  private func settings() throws(ConfigurationError) -> AgentConfiguration {
    var reader = ConfigurationReader()
    if let config { reader = try ConfigurationReader(path: config) }
    var settings = try AgentConfiguration(&reader)
    if let server { settings.server = try address(server, option: "--server") }
    if let metrics { settings.metrics = try address(metrics, option: "--metrics") }
    if let spoolDir { settings.spoolDirectory = spoolDir }
    if let logLevel {
      guard Logger.Level(rawValue: logLevel) != nil else {
        throw ConfigurationError(
          "--log-level is '\(logLevel)'; it must be one of "
            + Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
      }
      settings.logLevel = logLevel
    }
    return settings
  }
}
