// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConfigurationFile
import Glibc
import Logging
import Server

/// `metaflow-server`: arguments and file to configuration, then the server.
@main
struct ServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metaflow-server",
    abstract: "Take in what agents see, keep it, and answer questions about it.",
    discussion: """
      One server is enough to begin with: it brings its own storage engine and serves the UI.

      EXAMPLES
        metaflow-server
        metaflow-server --data-dir /var/lib/metaflow --ingest 0.0.0.0:20033
        metaflow-server --config /etc/metaflow/server.yaml
      """)

  @Option(help: ArgumentHelp("Read settings from this YAML file.", valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp("Keep everything below this folder (default: data).", valueName: "dir"))
  var dataDir: String?

  @Option(
    help: ArgumentHelp(
      "Serve API and UI here (default: 127.0.0.1:20416). Loopback only, until there are credentials.",
      valueName: "host:port"))
  var http: String?

  @Option(
    name: .customLong("allowed-host"),
    help: ArgumentHelp(
      "A name besides localhost by which the API may be called; may be given several times.",
      valueName: "name"))
  var allowedHosts: [String] = []

  @Option(
    help: ArgumentHelp("Listen for agents here (default: 127.0.0.1:20033).", valueName: "host:port")
  )
  var ingest: String?

  @Option(
    help: ArgumentHelp(
      "Take OpenTelemetry's spans here (default: 127.0.0.1:4318), or 'none'. Loopback only.",
      valueName: "host:port"))
  var otlp: String?

  @Option(
    name: .customLong("otlp-grpc"),
    help: ArgumentHelp(
      "The same over gRPC (default: 127.0.0.1:4317), or 'none'. Loopback only.",
      valueName: "host:port"))
  var otlpGRPC: String?

  @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical."))
  var logLevel: String?

  func run() async throws {
    do {
      let settings = try settings()
      LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
      var logger = Logger(label: "metaflow-server")
      logger.logLevel = Logger.Level(rawValue: settings.logLevel) ?? .info
      try await Server(settings, logger: logger).run()
    } catch let error as ConfigurationError {
      throw refuse(error.description)
    } catch let error as ServerError where error.isConfiguration {
      throw refuse(error.description)
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  private func settings() throws -> ServerConfiguration {
    var reader = try config.map { try ConfigurationReader(path: $0) } ?? ConfigurationReader()
    var settings = try ServerConfiguration(&reader)
    if let dataDir { settings.dataDirectory = dataDir }
    if let http { settings.http = try address(http, of: "--http") }
    for host in allowedHosts { try ServerConfiguration.checkName(host, of: "--allowed-host") }
    settings.allowedHosts += allowedHosts
    if let ingest { settings.ingest = try address(ingest, of: "--ingest") }
    if let otlp { settings.otlp = try place(otlp, of: "--otlp") }
    if let otlpGRPC { settings.otlpGRPC = try place(otlpGRPC, of: "--otlp-grpc") }
    if let logLevel {
      guard Logger.Level(rawValue: logLevel) != nil else {
        throw ConfigurationError("--log-level '\(logLevel)' is not a level; see --help")
      }
      settings.logLevel = logLevel
    }
    return settings
  }

  private func address(_ text: String, of option: String) throws -> NetworkAddress {
    guard let address = NetworkAddress(text) else {
      throw ConfigurationError(
        "\(option) is '\(text)'; it must be an address such as 127.0.0.1:20416")
    }
    return address
  }

  private func place(_ text: String, of option: String) throws -> NetworkAddress? {
    guard let place = ServerConfiguration.otlp(text) else {
      throw ConfigurationError(
        "\(option) is '\(text)'; it must be an address such as 127.0.0.1:4318, or none")
    }
    return place
  }

  /// Says why the settings do not do, and gives the exit code of that (EX_CONFIG of sysexits(3)).
  private func refuse(_ text: String) -> ExitCode {
    let line = Array("metaflow-server: \(text)\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    return ExitCode(78)
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}
