// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry

/// Who the ends are.
extension RowContext {
  /// A client that the record does not name is the one whose own record named it, so that it is not
  /// told a second time under its host's name.
  func ends(of call: CallRecord, state: borrowing CatalogState) -> TaggedEnds {
    let second = call.end.storedSeconds
    let owner =
      isNamedElsewhere(call.client, call)
      ? sockets.tags(
        address: call.client.address, port: call.client.port, transport: call.transport,
        agent: agent, second: second) : nil
    let client = owner ?? state.resolve(client: call.client, agent: agent)
    guard isNamedElsewhere(call.server, call) else {
      return TaggedEnds(
        client: client,
        server: state.resolve(
          server: call.server, transport: call.transport,
          networkNamespace: call.networkNamespace, agent: agent))
    }
    return TaggedEnds(
      client: client,
      server: resolve(
        server: call.server, transport: call.transport, networkNamespace: call.networkNamespace,
        agent: agent, second: second, state: state))
  }

  /// Whether only other records can know the process at `end`. The same loopback address is another
  /// socket in another container, and a record made at a process knows those of its own.
  private func isNamedElsewhere(_ end: CallEnd, _ seen: some Sighting) -> Bool {
    end.process == .unknown && !(end.address.isLoopback && seen.signalSource != .packet)
  }

  func ends(of metric: CallMetric, state: borrowing CatalogState) -> TaggedEnds {
    // A metric does not carry its namespace; the process that was observed is in it.
    let observed =
      metric.observationPoint == .serverProcess ? metric.server.process : metric.client.process
    let owner =
      isNamedElsewhere(metric.client, metric)
      ? sockets.tags(
        address: metric.client.address, calling: metric.server, transport: metric.transport,
        agent: agent, second: metric.time.storedSeconds) : nil
    return TaggedEnds(
      client: owner ?? state.resolve(client: metric.client, agent: agent),
      server: state.resolve(
        server: metric.server, transport: metric.transport,
        networkNamespace: state.networkNamespace(of: observed, agent: agent), agent: agent))
  }

  func ends(of flow: FlowRecord, state: borrowing CatalogState) -> TaggedEnds {
    let second = flow.end.storedSeconds
    let client = CallEnd(address: flow.client.address, port: flow.client.port)
    let owner = sockets.tags(
      address: client.address, port: client.port, transport: flow.transport, agent: agent,
      second: second)
    return TaggedEnds(
      client: owner ?? state.resolve(client: client, agent: agent),
      server: resolve(
        server: CallEnd(address: flow.server.address, port: flow.server.port),
        transport: flow.transport, networkNamespace: flow.networkNamespace, agent: agent,
        second: second, state: state))
  }

  func ends(of metric: NetworkMetric, state: borrowing CatalogState) -> TaggedEnds {
    let second = metric.time.storedSeconds
    let owner = sockets.tags(
      address: metric.client.address, calling: metric.server, transport: metric.transport,
      agent: agent, second: second)
    return TaggedEnds(
      client: owner ?? state.resolve(client: metric.client, agent: agent),
      server: resolve(
        server: metric.server, transport: metric.transport, networkNamespace: 0, agent: agent,
        second: second, state: state))
  }

  /// The end that answered packets: the process this agent saw there, or what the catalog knows.
  private func resolve(
    server: CallEnd, transport: TransportProtocol, networkNamespace: UInt32, agent: UInt16,
    second: UInt32, state: borrowing CatalogState
  ) -> EndTags {
    let owner = sockets.tags(
      address: server.address, port: server.port, transport: transport, agent: agent,
      second: second)
    if let owner { return owner }
    return state.resolve(
      server: server, transport: transport, networkNamespace: networkNamespace, agent: agent)
  }
}
