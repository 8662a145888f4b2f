// SPDX-License-Identifier: Apache-2.0

package import Telemetry
import Wire

/// Telling of crashes: on `/metrics` and to the server.
extension CrashHistory {
  package func write(to text: inout MetricText) {
    text.counter(
      "metaflow_agent_restarts_total", "Workers that were started after a crash.", restarts)
    text.counters(
      "metaflow_agent_crashes_total", "Crashes of the worker, by the protocol it was parsing.",
      label: "protocol", crashes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    text.gauges(
      "metaflow_agent_protocol_suspended", "1 for a protocol that is not read after its crashes.",
      label: "protocol", suspended.map { ($0.name, 1) })
  }

  /// For the server.
  var announced: [AnnouncedCrashes] {
    let names = Set(crashes.keys).union(suspended.map(\.name))
    return names.sorted().map { name in
      AnnouncedCrashes(
        name: name, count: crashes[name] ?? 0,
        isSuspended: suspended.contains { $0.name == name })
    }
  }
}
