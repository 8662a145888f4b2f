// SPDX-License-Identifier: Apache-2.0

import Agent
import ArgumentParser
import Capture
import ConfigurationFile
import Glibc
import Logging

/// `metaflow-agent run`: watches until it is told to stop.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watches this host until SIGINT or SIGTERM.",
    discussion: """
      Options win over the configuration file. While the server is away, batches wait in the spool
      directory and are delivered after, also when the agent was killed meanwhile.

      The work is done by a process of its own, which is started again when it crashes. What it was
      doing is kept in the folder crashes of the spool directory, and a protocol that ended it three
      times within a day is not read any more; see metaflow-agent protocols. With --crash-test this can
      be tried on a host: send these bytes in a message of any protocol.

      EXAMPLES
        metaflow-agent run --server 10.0.0.5:20033
        metaflow-agent run --spool-dir /tmp/spool --metrics 127.0.0.1:0 --log-level debug

      Ends with 69 when an address or the spool directory is in use, 77 when the kernel refuses to let
      anything be seen, 78 when a setting is wrong.
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
  @Option(help: ArgumentHelp("Crash when these bytes are read.", valueName: "text"))
  var crashTest: String?
  @Option(
    help: ArgumentHelp(
      "Be the worker of this supervisor.", valueName: "process", visibility: .private))
  var workerOf: Int32?

  /// Runs workers until one of them ends by itself; the code to exit with.
  func supervise() -> Int32 {
    do {
      let settings = try settings()
      var supervisor = try Supervisor(
        spoolDirectory: settings.spoolDirectory,
        arguments: Array(CommandLine.arguments.dropFirst()), logger: logger(settings))
      return supervisor.run()
    } catch {
      return refuse("\(error)", Self.code(of: error)).rawValue
    }
  }

  /// The worker's part.
  func run() async throws {
    LargeBlocks.returnToHost()
    do {
      let configuration = try settings()
      let worker = try Worker(
        of: workerOf ?? 0, spoolDirectory: configuration.spoolDirectory,
        writesRaw: configuration.crashBytes == .raw)
      if let crashTest { Worker.crash(atBytes: crashTest) }
      let signals = StopSignals()
      defer { signals.end() }
      try await Agent(configuration: configuration, logger: logger(configuration), worker: worker)
        .run(until: signals.stream)
    } catch {
      throw refuse("\(error)", Self.code(of: error))
    }
  }

  private static func code(of error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError: Failure.configuration
    case is ProbeError: Failure.refused
    default: Failure.unavailable
    }
  }

  private func logger(_ configuration: AgentConfiguration) -> Logger {
    var logger = Logger(label: "metaflow-agent") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .info
    return logger
  }

  private func settings() throws(ConfigurationError) -> AgentConfiguration {
    var settings = try AgentConfiguration(file: config)
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
    if crashTest == "" { throw ConfigurationError("--crash-test is empty; it must be some bytes") }
    return settings
  }
}

extension AgentConfiguration {
  /// The settings of a file; the defaults without one.
  init(file: String?) throws(ConfigurationError) {
    var reader = ConfigurationReader()
    if let file { reader = try ConfigurationReader(path: file) }
    try self.init(&reader)
  }
}
