// SPDX-License-Identifier: Apache-2.0

/// Collects counters and gauges in the Prometheus text format (exposition format 0.0.4).
package struct MetricText: Sendable {
  package private(set) var text = ""

  package init() {}

  package mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    family(name, help, "counter")
    text += "\(name) \(value)\n"
  }

  package mutating func gauge(_ name: String, _ help: String, _ value: UInt64) {
    family(name, help, "gauge")
    text += "\(name) \(value)\n"
  }

  /// A counter of seconds, given in nanoseconds and written with milliseconds.
  package mutating func seconds(_ name: String, _ help: String, nanoseconds: UInt64) {
    family(name, help, "counter")
    let fraction = String(nanoseconds % 1_000_000_000 / 1_000_000 + 1_000).dropFirst()
    text += "\(name) \(nanoseconds / 1_000_000_000).\(fraction)\n"
  }

  /// One gauge of several values, each with its label's value, in the order given.
  package mutating func gauges(
    _ name: String, _ help: String, label: String, _ values: [(label: String, value: UInt64)]
  ) {
    family(name, help, "gauge")
    for entry in values {
      text += "\(name){\(label)=\"\(Self.escaped(entry.label))\"} \(entry.value)\n"
    }
  }

  /// One counter of several values, likewise.
  package mutating func counters(
    _ name: String, _ help: String, label: String, _ values: [(label: String, value: UInt64)]
  ) {
    family(name, help, "counter")
    for entry in values {
      text += "\(name){\(label)=\"\(Self.escaped(entry.label))\"} \(entry.value)\n"
    }
  }

  /// What each stage received, passed and dropped by reason: the loss ledger since the start.
  package mutating func stages(_ tallies: [(stage: Stage, tally: Tally)]) {
    family("metaflow_stage_received_total", "What came into a stage of the pipeline.", "counter")
    for (stage, tally) in tallies {
      text += "metaflow_stage_received_total{stage=\"\(stage.name)\"} \(tally.received)\n"
    }
    family("metaflow_stage_passed_total", "What left it.", "counter")
    for (stage, tally) in tallies {
      text += "metaflow_stage_passed_total{stage=\"\(stage.name)\"} \(tally.passed)\n"
    }
    family("metaflow_stage_dropped_total", "What it dropped, by reason.", "counter")
    for (stage, tally) in tallies {
      for drop in tally.dropped.sorted(by: { $0.reason.rawValue < $1.reason.rawValue }) {
        text += "metaflow_stage_dropped_total{stage=\"\(stage.name)\","
        text += "reason=\"\(drop.reason.name)\"} \(drop.count)\n"
      }
    }
  }

  private mutating func family(_ name: String, _ help: String, _ kind: String) {
    let bare = name.prefix { $0 != "{" }
    text += "# HELP \(bare) \(help)\n# TYPE \(bare) \(kind)\n"
  }

  private static func escaped(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 == 0x22 || $0 == 0x5c || $0 == 0x0a }) else {
      return value
    }
    var text = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
