// SPDX-License-Identifier: Apache-2.0

package import Protocols
import Telemetry

/// The plugins that an agent, or a replay, works with.
package struct PluginSet: Sendable {
  /// The most that may be loaded.
  package static let limit = 24

  package private(set) var plugins: [PluginSlot] = []
  /// Rules that take fields out of messages.
  package private(set) var rules: [FieldRules] = []
  private var hooks: [any MessageHook] = []
  private var kinds: [any ProtocolKind] = []
  private var engine: SandboxEngine?

  /// None.
  package init() {}

  /// Loads these files.
  ///
  /// - Parameters:
  ///   - payload: bytes of a message that hooks may see.
  /// - Throws: which file cannot be used, and why.
  package init(
    files: [String], limits: PluginLimits = PluginLimits(), payload: Int
  ) throws(PluginError) {
    guard !files.isEmpty else { return }
    guard files.count <= Self.limit else {
      throw PluginError("\(files.count) plugins are named; there may be \(Self.limit)")
    }
    let engine = try SandboxEngine(limits)
    self.engine = engine
    for file in files {
      do throws(PluginError) {
        let bytes = try PluginFile.read(file, limits.module)
        try add(
          try Plugin(bytes, engine, name: PluginFile.stem(file)), file: file, payload: payload)
      } catch {
        throw PluginError("plugin \(file): \(error)")
      }
    }
  }

  /// Loads a plugin's file again, in place of what it was.
  ///
  /// - Throws: why it cannot take the place; what was loaded stays.
  package func reload(_ slot: PluginSlot) throws(PluginError) {
    guard let engine else { throw PluginError("it came from no file") }
    let bytes = try PluginFile.read(slot.file, engine.limits.module)
    try slot.replace(with: try Plugin(bytes, engine, name: slot.manifest.name))
  }

  /// Adds one that was loaded.
  ///
  /// - Throws: what it has in common with another, and must not.
  package mutating func add(
    _ plugin: Plugin, file: String = "", payload: Int
  ) throws(PluginError) {
    let slot = PluginSlot(plugin, file: file)
    if plugins.contains(where: { $0.manifest.name == plugin.manifest.name }) {
      throw PluginError("another plugin is called \(plugin.manifest.name)")
    }
    if let kind = PluginProtocol(slot) { try add(kind) }
    if let kind = DeepFlowProtocol(slot, number: freeNumber()) { try add(kind) }
    if let hook = PluginHook(slot, allowed: payload) {
      try check(hook)
      hooks.append(hook)
    }
    if let hook = DeepFlowHook(slot, allowed: payload) { hooks.append(hook) }
    plugins.append(slot)
  }

  private mutating func add(_ kind: any ProtocolKind) throws(PluginError) {
    let new = kind.descriptor
    if let other = (builtInProtocols + kinds).spoken.first(where: {
      $0.number == new.number || $0.name.lowercased() == new.name.lowercased()
    }) {
      throw PluginError(
        "its protocol \(new.name), number \(new.number.rawValue), is \(other.name), "
          + "number \(other.number.rawValue), to others")
    }
    kinds.append(kind)
  }

  /// A number for a protocol that has none of its own: DeepFlow's for such, else the last that is free.
  private func freeNumber() -> UInt8 {
    let taken = Set(kinds.map(\.descriptor.number.rawValue))
    let numbers = [127] + PluginManifest.numbers.reversed()
    return numbers.first { !taken.contains($0) } ?? 127
  }

  /// Adds rules that take fields out of messages.
  ///
  /// - Throws: when they are of a protocol that nobody reads.
  package mutating func add(_ rules: FieldRules, payload: Int) throws(PluginError) {
    let hook = FieldHook(rules, allowed: payload)
    try check(hook)
    hooks.append(hook)
    self.rules.append(rules)
  }

  private func check(_ hook: any MessageHook) throws(PluginError) {
    let known = Set(builtInProtocols.spoken.map { $0.name.lowercased() })
    if let strange = hook.protocols.first(where: { !known.contains($0.lowercased()) }) {
      throw PluginError(
        "it looks at messages of '\(strange)'; the protocols are "
          + builtInProtocols.spoken.map(\.name).joined(separator: ", "))
    }
  }

  /// These protocols, looked at by the hooks, and those of plugins.
  package func applied(to protocols: [any ProtocolKind]) -> [any ProtocolKind] {
    protocols.map { kind in
      let names = Set(([kind.descriptor] + kind.dialects).map { $0.name.lowercased() })
      let own = hooks.filter { hook in hook.protocols.contains { names.contains($0.lowercased()) } }
      return own.isEmpty ? kind : HookedProtocol(kind, own)
    } + kinds
  }
}
