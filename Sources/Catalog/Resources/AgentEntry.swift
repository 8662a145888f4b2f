// SPDX-License-Identifier: Apache-2.0

/// An agent as the catalog knows it. The number is given once and never used for another.
package struct AgentEntry: Hashable, Sendable {
  /// From 1; stored in rows as `agent_id`.
  package var number: UInt16
  /// What the agent calls itself by in its Hello; stays the same over restarts of either side.
  package var identity: String
  /// Its host's name and its program's version, as it last said.
  package var hostname: String
  package var version: String
  /// What it calls the Kubernetes cluster that it can reach; empty for none.
  package var cluster: String

  package init(
    number: UInt16, identity: String, hostname: String = "", version: String, cluster: String = ""
  ) {
    self.number = number
    self.identity = identity
    self.hostname = hostname
    self.version = version
    self.cluster = cluster
  }
}
