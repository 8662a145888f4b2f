// SPDX-License-Identifier: Apache-2.0

/// What a query needs to turn numbers into names and names into numbers.
package protocol TagDirectory: Sendable {
  /// Every tag set, in the order of their numbers.
  func tagSets() -> [TagSet]
  /// Nil for 0 and for a number that was never given.
  func tagSet(_ number: UInt32) -> TagSet?
  /// Every service, in the order of their numbers.
  func services() -> [ServiceEntry]
  func service(_ number: UInt32) -> ServiceEntry?
  /// Every agent, in the order of their numbers.
  func agents() -> [AgentEntry]
  /// Every host that was reported, in the order of their agents' numbers.
  func hosts() -> [HostEntry]
  /// The names of `l7_protocol`, in the order of the numbers.
  func protocols() -> [ProtocolEntry]
}
