// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension CatalogState {
  /// What is known of a process on `agent`'s host; nil when it was never reported.
  @inline(__always)
  package func tags(of process: ProcessKey, agent: UInt16) -> EndTags? {
    process == .unknown ? nil : runs[ProcessRun.Key(agent: agent, process: process)]?.tags
  }

  /// The network namespace that a process was reported in; 0 when it was not.
  package func networkNamespace(of process: ProcessKey, agent: UInt16) -> UInt32 {
    process == .unknown
      ? 0 : runs[ProcessRun.Key(agent: agent, process: process)]?.run.networkNamespace ?? 0
  }

  /// Learns from a row seen at the server's process (`s-p`) who answers at its address and port.
  package mutating func observe(
    server: CallEnd, transport: TransportProtocol, networkNamespace: UInt32, agent: UInt16,
    second: UInt32
  ) {
    guard let tags = tags(of: server.process, agent: agent) else { return }
    listeners.observe(
      server, transport: transport, namespace: networkNamespace, agent: agent, tags: tags,
      second: second)
  }

  /// The tags of the end that asked, in a row of `agent`.
  package func resolve(client end: CallEnd, agent: UInt16) -> EndTags {
    tags(of: end.process, agent: agent) ?? tags(of: end.address, end.process, agent)
  }

  /// The tags of the end that answered, in a row of `agent`.
  ///
  /// - Parameter networkNamespace: where the row was seen; matters for loopback addresses only.
  package func resolve(
    server end: CallEnd, transport: TransportProtocol, networkNamespace: UInt32, agent: UInt16
  ) -> EndTags {
    tags(of: end.process, agent: agent)
      ?? listeners.tags(
        of: end, transport: transport, namespace: networkNamespace, agent: agent)
      ?? tags(of: end.address, end.process, agent)
  }

  /// By the host alone: a process that was seen but not reported, a loopback address and an address
  /// of the agent's own host are on that host; an address that one other host owns is on that one.
  private func tags(of address: IPAddress, _ process: ProcessKey, _ agent: UInt16) -> EndTags {
    if process != .unknown || address.isLoopback {
      return hostTags[agent] ?? EndTags(unknown: address)
    }
    guard let owners = addressOwners[address] else { return EndTags(unknown: address) }
    if owners.contains(agent), let own = hostTags[agent] { return own }
    if owners.count == 1, let other = hostTags[owners[0]] { return other }
    return EndTags(unknown: address)
  }
}
