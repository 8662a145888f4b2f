// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Something that must be written down before a row may rely on it.
enum CatalogChange: Hashable, Sendable {
  case agent(AgentEntry)
  case agentSeen(UInt16, at: UInt32)
  case host(HostEntry)
  case service(ServiceEntry)
  case servicesGone([UInt32])
  case process(ProcessEntry)
  case processesGone([UInt32])
  case resource(ResourceVersion)
  case resourceEnded(UInt32, at: UInt32, sequence: UInt64)
  case tagSet(TagSet)
  /// The tag sets that rows were given.
  case used([UInt32], at: UInt32)
  case gone(Retirement)
  case run(ProcessRun)
  case runGone(ProcessRun.Key)
  case protocolName(ProtocolEntry)
  case source(SourceEntry)
  /// What agents call a cluster, and its id.
  case cluster(key: String, id: String)
  /// What a watcher told, from a time on.
  case watched(ResourceIdentity, from: Timestamp, told: Timestamp, report: [UInt8])
  case watchedEnded(ResourceIdentity, at: Timestamp, isReplaced: Bool)
  case watchedForgotten(before: UInt32)
}

/// Everything that was written down, as it is read back at the start.
struct CatalogContents: Sendable {
  /// A version, without its content.
  struct Version: Sendable {
    var number: UInt32
    var entity: UInt32
    var sequence: UInt64
    /// Nil for one that no row will be given any more.
    var known: (identity: ResourceIdentity, fingerprint: Int)?
  }

  var agents: [AgentEntry] = []
  /// When agents were last heard of.
  var agentsSeen: [UInt16: UInt32] = [:]
  var hosts: [HostEntry] = []
  var services: [ServiceEntry] = []
  var processes: [ProcessEntry] = []
  var versions: [Version] = []
  var tagSets: [TagSet] = []
  var runs: [ProcessRun] = []
  var protocols: [ProtocolEntry] = []
  var sources: [SourceEntry] = []
  /// Ids of clusters by what agents call them.
  var clusters: [String: String] = [:]
  /// The blocks of numbers that this server has; nil for every number there is.
  var leases: [NumberSpace: [ClosedRange<UInt32>]]?
}
