// SPDX-License-Identifier: Apache-2.0

/// Something that must be written down before a row may rely on it.
enum CatalogChange: Hashable, Sendable {
  case agent(AgentEntry)
  case host(HostEntry)
  case service(ServiceEntry)
  case process(ProcessEntry)
  case tagSet(TagSet)
  case run(ProcessRun)
  case runGone(ProcessRun.Key)
  case protocolName(ProtocolEntry)
  case source(SourceEntry)
}

/// Everything that was written down, as it is read back at the start.
struct CatalogContents: Sendable {
  var agents: [AgentEntry] = []
  var hosts: [HostEntry] = []
  var services: [ServiceEntry] = []
  var processes: [ProcessEntry] = []
  var tagSets: [TagSet] = []
  var runs: [ProcessRun] = []
  var protocols: [ProtocolEntry] = []
  var sources: [SourceEntry] = []
}
