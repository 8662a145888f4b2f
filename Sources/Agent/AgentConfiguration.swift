// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile
package import Flows
package import Protocols

/// Every setting of the agent. `config/agent.yaml` documents each with its default.
package struct AgentConfiguration: Hashable, Sendable {
  package enum Hooks: String, Hashable, Sendable, CaseIterable {
    case automatic, tracepoints, syscalls
  }

  /// Where records go.
  package var server = NetworkAddress(host: "127.0.0.1", port: 20_033)
  /// Where `/metrics` listens.
  package var metrics = NetworkAddress(host: "127.0.0.1", port: 20_417)
  package var logLevel = "info"
  /// Milliseconds between two batches.
  package var flushInterval = 500

  /// Holds the agent's identity and the batches that no server has acknowledged.
  package var spoolDirectory = "/var/lib/metaflow-agent"
  package var spoolBytes = 256 << 20

  package var hooks = Hooks.automatic
  /// Bytes copied of a call that sends or receives answers with bodies, but the first of a socket.
  package var payloadLimit = 1_024
  package var ringBytes = 8 << 20
  /// Whether plain text is read in TLS libraries.
  package var readsTLS = true
  package var packets = PacketConfiguration()
  /// Names of the protocols that are looked for; empty for all.
  package var protocols: [String] = []
  /// What of the users' data records may show.
  package var privacy = PrivacyRules()
  package var plugins = PluginConfiguration()
  /// How calls are grouped.
  package var endpoints = EndpointRules()

  /// What a crash report tells of the bytes that were being parsed.
  package enum CrashBytes: String, Hashable, Sendable, CaseIterable {
    /// Their shape: letters are a, digits are 0.
    case shape
    /// Themselves.
    case raw
  }

  package var crashBytes = CrashBytes.shape
  package var kubernetes = KubernetesConfiguration()

  /// Hundredths of a core.
  package var processorLimit = 100
  /// Resident bytes.
  package var memoryLimit = 768 << 20

  package init() {}

  /// Reads a file; keys that it leaves out have their defaults.
  package init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    server = try reader.read(
      "server", default: server, expected: "an address such as 127.0.0.1:20033"
    ) { NetworkAddress($0) }
    metrics = try reader.read(
      "metrics", default: metrics, expected: "an address such as 127.0.0.1:20417"
    ) { NetworkAddress($0) }
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    logLevel = try reader.read(
      "log_level", default: logLevel, expected: "one of " + levels.joined(separator: ", ")
    ) { levels.contains($0) ? $0 : nil }
    flushInterval = try reader.integer("flush_interval", default: flushInterval, in: 50...10_000)
    spoolDirectory = try reader.string("spool.directory", default: spoolDirectory)
    spoolBytes = try reader.bytes("spool.max_size", default: spoolBytes, atLeast: 1 << 20)
    hooks = try reader.read(
      "capture.hooks", default: hooks, expected: "automatic, tracepoints or syscalls"
    ) { Hooks(rawValue: $0) }
    payloadLimit = try reader.integer("capture.payload", default: payloadLimit, in: 64...16_384)
    ringBytes = try reader.bytes(
      "capture.ring", default: ringBytes, atLeast: 65_536, atMost: 1 << 30)
    readsTLS = try reader.read("capture.tls", default: readsTLS, expected: "true or false") {
      ["true": true, "false": false][$0]
    }
    packets = try PacketConfiguration(&reader)
    protocols = try reader.list(
      "protocols", default: protocols,
      expected: "one of " + builtInProtocols.map { $0.descriptor.name }.joined(separator: ", ")
    ) { Self.isProtocol($0) ? $0 : nil }
    privacy = try PrivacyRules(&reader)
    plugins = try PluginConfiguration(&reader)
    endpoints = try EndpointRules(&reader)
    crashBytes = try reader.read(
      "privacy.crash_bytes", default: crashBytes, expected: "shape or raw"
    ) { CrashBytes(rawValue: $0) }
    kubernetes = try KubernetesConfiguration(&reader)
    processorLimit = try reader.integer("limits.cpu", default: processorLimit, in: 5...100_000)
    memoryLimit = try reader.bytes("limits.memory", default: memoryLimit, atLeast: 64 << 20)
    try reader.finish()
    _ = try enabledProtocols()
  }

  private static func isProtocol(_ name: String) -> Bool {
    builtInProtocols.contains { $0.descriptor.name.lowercased() == name.lowercased() }
  }

  /// The parsers that ``protocols`` names, in the registry's order.
  package func enabledProtocols() throws(ConfigurationError) -> [any ProtocolKind] {
    guard !protocols.isEmpty else { return builtInProtocols }
    let names = builtInProtocols.map { $0.descriptor.name }
    let wanted = Set(protocols.map { $0.lowercased() })
    let known = Set(names.map { $0.lowercased() })
    if let strange = protocols.first(where: { !known.contains($0.lowercased()) }) {
      throw ConfigurationError(
        "protocols: there is no protocol '\(strange)'; the protocols are "
          + names.joined(separator: ", "))
    }
    return builtInProtocols.filter { wanted.contains($0.descriptor.name.lowercased()) }
  }
}
