// SPDX-License-Identifier: Apache-2.0

/// The catalog at one moment: a value that readers keep as long as they like.
///
/// Whatever number a stored row carries is in every snapshot taken after the row was stored.
package struct CatalogSnapshot: TagDirectory {
  /// Grows with every change; equal versions are equal snapshots.
  package let version: UInt64
  private let agentList: [AgentEntry]
  private let hostList: [HostEntry]
  private let protocolList: [ProtocolEntry]
  private let sourceList: [SourceEntry]

  init(
    version: UInt64, agents: [AgentEntry],
    hosts: [HostEntry], protocols: [ProtocolEntry], sources: [SourceEntry]
  ) {
    self.version = version
    agentList = agents
    hostList = hosts
    protocolList = protocols
    sourceList = sources
  }

  /// Knows nothing.
  package static let empty = CatalogSnapshot(
    version: 0, agents: [], hosts: [], protocols: [], sources: [])

  package func agents() -> [AgentEntry] { agentList }
  package func hosts() -> [HostEntry] { hostList }
  package func protocols() -> [ProtocolEntry] { protocolList }
  /// Everybody but agents who has sent something, in the order of their numbers.
  package func sources() -> [SourceEntry] { sourceList }

  package func agent(_ number: UInt16) -> AgentEntry? {
    agentList.first { $0.number == number }
  }
}
