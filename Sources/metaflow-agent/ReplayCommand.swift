// SPDX-License-Identifier: Apache-2.0

import Agent
import ArgumentParser
import ConfigurationFile
import Glibc
import Logging
import Plugins
import Protocols
import Replay
import Telemetry

/// `metaflow-agent replay`: capture files in, the records of the same pipeline out.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Reads capture files and writes what a live agent would have recorded.",
    discussion: """
      Files are pcap or pcapng, plain or packed with gzip or zstd; - is standard input. One JSON object \
      a record goes to standard output, the keys are the columns of the stored tables, and a summary goes \
      to standard error. The same files give the same bytes, anywhere and at any time.

      Several files are one stream of time, in whatever order they are named: a file that begins where \
      another ends goes on for it (tcpdump -C or -G, dumpcap -b), files of the same time are several \
      points of capture.

      With --server the records go to a server instead. An interrupted delivery goes on with --resume.

      EXAMPLES
        metaflow-agent replay http.pcap | jq -c 'select(.table == "l7_flow_log")'
        metaflow-agent replay /captures/web.pcap* | less
        metaflow-agent replay --records l7 --protocols http,mysql client.pcapng.zst server.pcapng.zst
        ssh web-1 tcpdump -i any -U -w - not port 22 | metaflow-agent replay -
        metaflow-agent replay --server 127.0.0.1:20033 --times now http.pcap
        metaflow-agent replay --plugin switch.wasm switch.pcap

      Ends with 65 when a file is damaged or no capture, 66 when one cannot be read, 69 when the server \
      does not take the records, 74 when they cannot be written, 75 when interrupted. Whatever could be \
      read was then delivered all the same.
      """)

  enum Times: String, ExpressibleByArgument, CaseIterable {
    case keep, now
  }

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case ndjson
  }

  @Argument(help: ArgumentHelp("Capture files, in any order.", valueName: "file"))
  var files: [String] = []
  @Option(help: ArgumentHelp("Kinds of records: l7, l4, metrics.", valueName: "kind,..."))
  var records: String = "l7,l4,metrics"
  @Option(help: "How records are written.")
  var format: Format = .ndjson
  @Option(
    help: ArgumentHelp("Send the records to this server instead.", valueName: "host:port"))
  var server: String?
  @Option(help: "With --server: keep the capture's times, or let it end now.")
  var times: Times = .keep
  @Option(help: ArgumentHelp("Look for these protocols only.", valueName: "name,..."))
  var protocols: String?
  @Option(
    help: ArgumentHelp(
      "A YAML file of the agent's; of its settings, protocols, privacy, endpoints and plugins are used.",
      valueName: "file"))
  var config: String?
  @Option(
    help: ArgumentHelp(
      "Load this plugin, too; may be repeated. Its hooks see whole messages.", valueName: "file"))
  var plugin: [String] = []
  @Option(
    help: ArgumentHelp(
      "Addresses of the host that captured, such as 10.0.0.7 or 10.1.0.0/24; may be repeated.",
      valueName: "cidr"))
  var local: [String] = []
  @Option(
    help: ArgumentHelp("With --server: go on sending what this folder holds.", valueName: "folder"))
  var resume: String?

  func validate() throws {
    guard RecordSelection(records) != nil else {
      throw ValidationError(
        "--records is '\(records)'; it must be one or more of "
          + RecordSelection.names.joined(separator: ", ") + " with commas between them")
    }
    if resume != nil {
      guard server != nil, files.isEmpty else {
        throw ValidationError(
          "--resume needs --server, and no files: it sends what was read before")
      }
    } else if files.isEmpty {
      throw ValidationError("name a capture file, or - for standard input")
    }
    if times == .now {
      guard server != nil else {
        throw ValidationError("--times now needs --server: lines always have the capture's times")
      }
      guard !files.contains("-") else {
        throw ValidationError(
          "--times now cannot be used with standard input, whose end is not known; name a file")
      }
    }
    if files.filter({ $0 == "-" }).count > 1 {
      throw ValidationError("standard input can be read once")
    }
  }

  func run() async throws {
    do {
      let signals = StopSignals()
      defer { signals.end() }
      if let server {
        try await deliver(to: try address(server, option: "--server"), until: signals)
      } else {
        try writeLines(until: signals)
      }
    } catch let error as ConfigurationError {
      throw refuse("\(error)", Failure.configuration)
    } catch let error as ReplayError {
      throw refuse("\(error)", error.exitCode)
    }
  }

  /// What to replay, and how; and the plugins that take part.
  func replay(
    until isStopped: @escaping @Sendable () -> Bool
  ) throws(ConfigurationError) -> (Replay, PluginSet) {
    var settings = AgentConfiguration()
    if let config {
      var reader = try ConfigurationReader(path: config)
      settings = try AgentConfiguration(&reader)
    }
    if let protocols {
      settings.protocols = protocols.split(separator: ",").map(String.init)
    }
    if !plugin.isEmpty {
      settings.plugins.files += plugin
      settings.plugins.payload = PluginConfiguration.mostPayload
    }
    let plugins = try settings.plugins.load(isRepeatable: true)
    var replay = Replay(
      files: files, protocols: plugins.applied(to: try settings.enabledProtocols()))
    replay.privacy = settings.privacy
    replay.endpoints = settings.endpoints
    do throws(LocalAddresses.Fault) {
      replay.localAddresses = try LocalAddresses.parse(local)
    } catch {
      throw ConfigurationError("--local: \(error)")
    }
    replay.isStopped = isStopped
    return (replay, plugins)
  }

  private func writeLines(until signals: StopSignals) throws {
    // A reader of the lines that has seen enough, such as head, ends this quietly.
    _ = signal(SIGPIPE, SIG_DFL)
    let (replay, plugins) = try replay(until: signals.isStopped)
    var sink = LineSink(
      to: STDOUT_FILENO, RecordSelection(records) ?? .all, protocols: replay.protocols)
    var progress = ReplayProgress(to: STDERR_FILENO)
    let begun = ContinuousClock.now
    let summary = try replay.run(into: &sink, progress: &progress)
    conclude(summary, replay, plugins, since: begun)
    try check(summary)
  }

  /// Tells what was read and made.
  func conclude(
    _ summary: ReplaySummary, _ replay: Replay, _ plugins: PluginSet,
    since begun: ContinuousClock.Instant
  ) {
    guard summary.packets > 0 || summary.faults.isEmpty else { return }
    let took = ContinuousClock.now - begun
    let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    var text = summary.text(protocols: replay.protocols, seconds: seconds)
    if text.hasSuffix("\n") { text.removeLast() }
    say(text)
    for line in plugins.takeLines() { say(line) }
  }

  /// Ends with the code of the first file that could not be read whole.
  func check(_ summary: ReplaySummary) throws {
    for fault in summary.faults { say("metaflow-agent: \(fault)") }
    if let first = summary.faults.first { throw ExitCode(first.exitCode) }
  }
}

extension ReplayError {
  var exitCode: Int32 {
    switch kind {
    case .input: Failure.noInput
    case .damaged: Failure.damagedInput
    case .output: Failure.output
    case .server: Failure.unavailable
    case .interrupted: Failure.interrupted
    }
  }
}
