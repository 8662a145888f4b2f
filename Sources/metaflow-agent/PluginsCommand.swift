// SPDX-License-Identifier: Apache-2.0

import Agent
import ArgumentParser
import ConfigurationFile
import Plugins
import Protocols
import Telemetry

/// `metaflow-agent plugins`: what the plugins of the settings, or of files, are.
struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins",
    abstract: "Loads plugins as the agent would, and says what they are.",
    discussion: """
      What a running agent's plugins do, and what went wrong, stands at its /metrics as
      metaflow_agent_plugin_*. Ends with 78 when one cannot be used.

      EXAMPLES
        metaflow-agent plugins --config /etc/metaflow/agent.yaml
        metaflow-agent plugins orders.wasm fields.yaml
      """)

  @Argument(help: ArgumentHelp("Plugins, and rules in YAML.", valueName: "file"))
  var files: [String] = []
  @Option(help: ArgumentHelp("The agent's YAML file.", valueName: "file"))
  var config: String?

  func run() throws {
    do {
      var settings = try AgentConfiguration(file: config).plugins
      settings.files += files
      let set = try settings.load()
      for line in set.plugins.map({ describe($0.manifest) }) + set.rules.map(describe) {
        print(line)
      }
      if settings.files.isEmpty { print("no plugin is named by plugins.files, nor here") }
    } catch {
      throw refuse("\(error)", Failure.configuration)
    }
  }

  private func describe(_ manifest: PluginManifest) -> String {
    let head = "\(manifest.name) \(manifest.version): "
    switch manifest.kind {
    case .protocol(let descriptor, _):
      let ports = descriptor.defaultPorts.map { String($0) }.joined(separator: ", ")
      return head + "protocol \(descriptor.name), number \(descriptor.number.rawValue)"
        + (ports.isEmpty ? "" : ", ports \(ports)")
    case .hook(let hook):
      return head + "hook on \(hook.protocols.joined(separator: ", "))"
        + (hook.payload > 0 ? ", sees \(hook.payload) bytes where allowed" : "")
    case .deepFlow(let hooks):
      let parts = [
        hooks.readsPayload ? "a protocol" : nil, hooks.seesHTTPRequests ? "HTTP requests" : nil,
        hooks.seesHTTPResponses ? "HTTP responses" : nil,
      ].compactMap { $0 }
      return head + "made for DeepFlow's agent; " + parts.joined(separator: ", ")
    }
  }

  private func describe(_ rules: FieldRules) -> String {
    let names = Set(rules.rules.flatMap(\.protocols)).sorted()
    return "\(rules.name): \(rules.rules.count) rules on \(names.joined(separator: ", "))"
  }
}
