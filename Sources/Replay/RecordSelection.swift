// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Which kinds of records a replay makes something of.
package struct RecordSelection: OptionSet, Hashable, Sendable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// `l7_flow_log`.
  package static let calls = RecordSelection(rawValue: 1)
  /// `l4_flow_log`.
  package static let flows = RecordSelection(rawValue: 2)
  /// `application_map` and `network_map`.
  package static let metrics = RecordSelection(rawValue: 4)
  package static let all: RecordSelection = [.calls, .flows, .metrics]

  /// The names that a user writes.
  package static let names = ["l7", "l4", "metrics"]

  /// Reads names with commas between them; nil when one is unknown, or there is none.
  package init?(_ text: String) {
    self = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      switch name {
      case "l7": insert(.calls)
      case "l4": insert(.flows)
      case "metrics": insert(.metrics)
      default: return nil
      }
    }
  }
}

/// Where the records of a replay go.
package protocol RecordSink: ~Copyable {
  /// Takes what was made since the last time, in the order of the capture. The batch is the sink's
  /// to change, and emptied afterwards.
  mutating func take(_ batch: inout RecordBatch) throws(ReplayError)

  /// Nothing comes for a while: what was taken goes to where somebody sees it.
  mutating func flush() throws(ReplayError)

  /// Nothing will follow.
  mutating func finish() throws(ReplayError)
}
