// SPDX-License-Identifier: Apache-2.0

import Agent
import ArgumentParser
import Capture
import ConfigurationFile
import Protocols

/// `metaflow-agent protocols`: what the agent of this host reads, and reading again what it gave up.
struct ProtocolsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "protocols",
    abstract: "Lists the protocols, and how often each crashed the agent of this host.",
    discussion: """
      A protocol that crashed the agent three times within a day is not read any more, and its
      conversations are counted as protocol_suspended. --resume makes the agent read it again, at once
      when it runs. What crashed it is told in the folder crashes of the spool directory.

      EXAMPLES
        metaflow-agent protocols
        metaflow-agent protocols --resume HTTP
      """)

  @Option(help: ArgumentHelp("Read this protocol again.", valueName: "name"))
  var resume: String?
  @Option(help: ArgumentHelp("The agent's YAML file.", valueName: "file"))
  var config: String?
  @Option(help: ArgumentHelp("The agent's spool directory.", valueName: "folder"))
  var spoolDir: String?

  func run() throws {
    do {
      let settings = try AgentConfiguration(file: config)
      let folder = CrashFolder(spoolDirectory: spoolDir ?? settings.spoolDirectory)
      if let resume { return try self.resume(resume, in: folder) }
      list(try settings.enabledProtocols(), folder.history)
    } catch let error as ConfigurationError {
      throw refuse("\(error)", Failure.configuration)
    } catch let error as SystemError {
      throw refuse(
        "\(error); the agent's spool directory is its own, so this needs the same rights",
        Failure.unavailable)
    }
  }

  private func resume(_ name: String, in folder: CrashFolder) throws {
    let known = builtInProtocols.map { $0.descriptor.name }
    guard let name = known.first(where: { $0.lowercased() == name.lowercased() }) else {
      throw ConfigurationError(
        "--resume: there is no protocol '\(name)'; the protocols are "
          + known.joined(separator: ", "))
    }
    guard folder.history.suspended.contains(where: { $0.name == name }) else {
      return print("\(name) is not suspended; see metaflow-agent protocols")
    }
    _ = try folder.change { $0.resume(name) }
    print("\(name) is read again")
  }

  private func list(_ enabled: [any ProtocolKind], _ history: CrashHistory) {
    let names = Set(enabled.map { $0.descriptor.name })
    let all = builtInProtocols.map { $0.descriptor.name }
    for name in all {
      let suspended = history.suspended.first { $0.name == name }
      let state =
        switch (suspended?.extent, names.contains(name)) {
        case (.reading, _): "suspended: found, not read"
        case (.recognition, _): "suspended: not looked for"
        case (nil, true): "read"
        case (nil, false): "not wanted by the settings"
        }
      let crashes = history.crashes[name] ?? 0
      let told = crashes > 0 ? ", \(crashes) crashes" : ""
      print("\(name): \(state)\(told)")
    }
    if let others = history.crashes[CrashHistory.none] {
      print("\(others) crashes while no protocol was being parsed")
    }
  }
}
