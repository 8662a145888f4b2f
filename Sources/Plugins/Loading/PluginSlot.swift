// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The place of a plugin, whose module may be replaced while it is used: what began with one module ends
/// with it, what begins later has the new one.
package final class PluginSlot: Sendable {
  private struct Content {
    var plugin: Plugin
    var past = PluginCounters()
    var replacements: UInt64 = 0
  }

  /// The file it came from; empty when there is none.
  package let file: String
  private let content: Mutex<Content>

  package init(_ plugin: Plugin, file: String = "") {
    self.file = file
    content = Mutex(Content(plugin: plugin))
  }

  package var plugin: Plugin { content.withLock { $0.plugin } }

  package var manifest: PluginManifest { plugin.manifest }

  /// How often it was replaced.
  package var replacements: UInt64 { content.withLock { $0.replacements } }

  /// What all modules did that were here, as far as they did it while they were.
  package var counters: PluginCounters {
    let (plugin, past) = content.withLock { ($0.plugin, $0.past) }
    return past.adding(plugin.counters)
  }

  /// Lines that it wrote to its log since it was asked last; few are kept.
  package func takeLog() -> [String] { plugin.module.takeLog() }

  /// - Throws: what is not the same and has to be, as what looks at bytes was made of it.
  package func replace(with plugin: Plugin) throws(PluginError) {
    let old = manifest
    guard old.name == plugin.manifest.name else {
      throw PluginError("it is \(plugin.manifest.name), and not \(old.name)")
    }
    guard old.kind.isReplaceable(by: plugin.manifest.kind) else {
      throw PluginError(
        "its protocol, number, pairing, ports or first bytes, or what it hooks on, are others; "
          + "start the agent anew to use it")
    }
    content.withLock { content in
      content.past = content.past.adding(content.plugin.counters)
      content.past.memory = 0
      content.plugin = plugin
      content.replacements += 1
    }
  }
}

extension PluginManifest.Kind {
  fileprivate func isReplaceable(by other: Self) -> Bool {
    switch (self, other) {
    case (.hook(let old), .hook(let new)):
      old.protocols == new.protocols && old.headers == new.headers
    default: self == other
    }
  }
}

extension PluginCounters {
  fileprivate func adding(_ other: PluginCounters) -> PluginCounters {
    var sum = self
    sum.calls += other.calls
    sum.traps += other.traps
    sum.cutOffs += other.cutOffs
    sum.overflows += other.overflows
    sum.exits += other.exits
    sum.nonsense += other.nonsense
    sum.skipped += other.skipped
    sum.timedCalls += other.timedCalls
    sum.timedNanoseconds += other.timedNanoseconds
    sum.memory += other.memory
    if !other.lastFault.isEmpty { sum.lastFault = other.lastFault }
    return sum
  }
}
