// SPDX-License-Identifier: Apache-2.0

package import Plugins
package import Telemetry

extension PluginSet {
  /// For `/metrics`.
  package func write(to text: inout MetricText) {
    guard !plugins.isEmpty else { return }
    let counted = plugins.map { ($0.manifest.name, $0.counters) }
    func values(_ field: (PluginCounters) -> UInt64) -> [(label: String, value: UInt64)] {
      counted.map { (label: $0.0, value: field($0.1)) }
    }
    text.counters(
      "metaflow_agent_plugin_calls_total", "Calls of a plugin.", label: "plugin",
      values(\.calls))
    text.counters(
      "metaflow_agent_plugin_traps_total",
      "Calls of a plugin that did what nobody may, or overflowed its stack.", label: "plugin",
      values { $0.traps + $0.overflows + $0.exits })
    text.counters(
      "metaflow_agent_plugin_cut_offs_total", "Calls of a plugin that took too long.",
      label: "plugin", values(\.cutOffs))
    text.counters(
      "metaflow_agent_plugin_nonsense_total", "Answers of a plugin that mean nothing.",
      label: "plugin", values(\.nonsense))
    text.counters(
      "metaflow_agent_plugin_skipped_total",
      "Times that a plugin was not asked, as it had too many faults.", label: "plugin",
      values(\.skipped))
    text.counters(
      "metaflow_agent_plugin_replacements_total", "Times that a plugin's module was replaced.",
      label: "plugin", plugins.map { (label: $0.manifest.name, value: $0.replacements) })
    text.gauges(
      "metaflow_agent_plugin_call_nanoseconds", "Mean time of a plugin's call, by samples.",
      label: "plugin", values(\.nanoseconds))
    text.gauges(
      "metaflow_agent_plugin_memory_bytes", "Memory of a plugin's instances.", label: "plugin",
      values(\.memory))
  }

  /// For people: a line for each plugin, what it did and what went wrong, behind what it logged.
  package func takeLines() -> [String] {
    plugins.flatMap { plugin in
      plugin.takeLog().map { "\(plugin.manifest.name): \($0)" } + [line(of: plugin)]
    }
  }

  private func line(of plugin: PluginSlot) -> String {
    let counters = plugin.counters
    let line =
      "plugin    \(plugin.manifest.name) \(plugin.manifest.version): \(counters.calls) calls"
    guard counters.faults > 0 else { return line }
    return line
      + ", \(counters.faults) faults (\(counters.traps) traps, \(counters.cutOffs) cut off, "
      + "\(counters.overflows) of the stack, \(counters.exits) exits, \(counters.nonsense) of nonsense), "
      + "\(counters.skipped) times not asked; the last: \(counters.lastFault)"
  }
}
