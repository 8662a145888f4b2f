// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A host, which is the machine that one agent runs on.
package struct HostEntry: Hashable, Sendable {
  /// The agent's number; a host has no number of its own.
  package var agent: UInt16
  /// What the agent last said of it.
  package var report: HostReport

  package init(agent: UInt16, report: HostReport) {
    self.agent = agent
    self.report = report
  }
}
