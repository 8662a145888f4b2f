// SPDX-License-Identifier: Apache-2.0

/// What a query needs of the catalog. The names of tag sets are in the store's own tables.
package protocol TagDirectory: Sendable {
  /// Every agent, in the order of their numbers.
  func agents() -> [AgentEntry]
  /// Every host that was reported, in the order of their agents' numbers.
  func hosts() -> [HostEntry]
  /// The names of `l7_protocol`, in the order of the numbers.
  func protocols() -> [ProtocolEntry]
}
