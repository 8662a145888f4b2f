// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Adds to what an agent says of an end what watchers of resources say of it, as of the row's second.
///
/// While rows are made it has the ``Whereabouts``, which the ``ResourceBook`` lends.
package struct EndTagger: Sendable {
  package var who = Whereabouts()
  private var answers = AnswerCache()
  private var network: NetworkNumber?
  /// Whether anybody told of any resource.
  private var isUsed = false

  package init() {}

  /// Rows of another agent follow.
  package mutating func begin(agent: UInt16, _ state: borrowing CatalogState) {
    isUsed = who.tally.resources > 0
    network = nil
    guard isUsed else { return }
    let scope =
      state.cluster(ofAgent: agent)
      ?? state.hosts[agent].flatMap { who.cluster(ofBoot: $0.report.bootID) }
    network = scope.flatMap { who.network($0) }
  }

  /// Numbers have gone out of use.
  package mutating func forget(_ state: borrowing CatalogState) {
    answers.removeAll()
    who.keepNumbers { state.isLive(resource: $0) }
  }

  /// Both ends of a record.
  @inline(__always)
  package mutating func complete(
    client: inout EndTags, _ clientAddress: IPAddress, server: inout EndTags,
    _ serverAddress: IPAddress, port: UInt16, _ transport: TransportProtocol, at second: UInt32,
    _ state: inout CatalogState
  ) {
    guard isUsed else { return }
    let (oldClient, oldServer) = (client, server)
    let first = resolved(oldClient, clientAddress, transport, port: 0, at: second, &state)
    let last = resolved(oldServer, serverAddress, transport, port: port, at: second, &state)
    (client, server) = (first.tags, last.tags)
    guard clientAddress.isLoopback, serverAddress.isLoopback else { return }
    if last.pod != 0, first.pod == 0, state.hasNoProcess(oldClient) {
      client = peer(oldClient, last, at: second, &state)
    } else if first.pod != 0, last.pod == 0, state.hasNoProcess(oldServer) {
      server = peer(oldServer, first, at: second, &state)
    }
  }

  private typealias Found = (tags: EndTags, pod: UInt32, place: Int)

  @inline(__always)
  private mutating func resolved(
    _ base: EndTags, _ address: IPAddress, _ transport: TransportProtocol, port: UInt16,
    at second: UInt32, _ state: inout CatalogState
  ) -> Found {
    let key = AnswerCache.Key(
      address: address, base: base.tagSet, network: network.map { $0.number &+ 1 } ?? 0, peer: 0,
      port: port, transport: transport.rawValue)
    if let place = answers.find(key), answers[place].resolution.valid.contains(second),
      who.changes.isGood(answers[place].resolution, of: answers[place].mark)
    {
      return found(answers[place], base, place)
    }
    return ask(key, base, at: second, &state)
  }

  /// What has no tag set is told by the row's own address.
  @inline(__always)
  private func found(_ answer: AnswerCache.Answer, _ base: EndTags, _ place: Int) -> Found {
    (answer.tags.tagSet == 0 ? base : answer.tags, answer.resolution.resources.pod, place)
  }

  @inline(never)
  private mutating func ask(
    _ key: AnswerCache.Key, _ base: EndTags, at second: UInt32, _ state: inout CatalogState
  ) -> Found {
    let container = state.containerIDs[base.tagSet] ?? ""
    let end = EndFacts(
      key.address, TransportProtocol(rawValue: key.transport), port: key.port,
      container: container,
      isOnItsOwn: container.isEmpty && !state.hasNoProcess(base))
    var resolution = who.resolution(of: end, in: network, at: second)
    if resolution.resources.source == .nothing, !resolution.resources.isUnclear,
      let boot = state.boot(of: base),
      let node = who.node(ofBoot: boot, at: second, &resolution.valid)
    {
      // What runs on a node and in no pod: by what the agent says of the host.
      resolution.resources.source = .agent
      resolution.resources.place(who.lineage(of: node, at: second, &resolution.valid), who)
    }
    return keep(resolution, key, base, at: second, &state)
  }

  private mutating func peer(
    _ base: EndTags, _ other: Found, at second: UInt32, _ state: inout CatalogState
  ) -> EndTags {
    var resolution = answers[other.place].resolution
    resolution.resources = who.resolve(peerOf: resolution.resources)
    let key = AnswerCache.Key(
      address: .unspecified, base: base.tagSet, network: 0, peer: other.tags.tagSet, port: 0,
      transport: 0)
    if let place = answers.find(key), answers[place].resolution.valid.contains(second),
      who.changes.isGood(answers[place].resolution, of: answers[place].mark)
    {
      return found(answers[place], base, place).tags
    }
    return keep(resolution, key, base, at: second, &state).tags
  }

  private mutating func keep(
    _ resolution: Resolution, _ key: AnswerCache.Key, _ base: EndTags, at second: UInt32,
    _ state: inout CatalogState
  ) -> Found {
    var resolution = resolution
    let refused = state.refusals
    let tags = state.tags(
      of: base, and: resolution.resources, at: second, &who, &resolution.valid)
    let answer = AnswerCache.Answer(
      key: key, tags: tags, resolution: resolution, mark: who.changes.latest)
    // What found no number is asked for again with the next row.
    guard state.refusals == refused else { return (tags, 0, 0) }
    answers.put(answer)
    return found(answer, base, answers.find(key) ?? 0)
  }
}

extension CatalogState {
  /// The boot of the host that an end is on; nil where none is known.
  func boot(of tags: EndTags) -> String? {
    guard tags.tagSet != 0, isLive(tags) else { return nil }
    let host = tagSets[Int(tags.tagSet)].members.host
    return hostAgents[host].flatMap { hosts[$0]?.report.bootID }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Whether no process is known of the end.
  func hasNoProcess(_ tags: EndTags) -> Bool {
    tags.tagSet == 0 || !isLive(tags) || tagSets[Int(tags.tagSet)].members.process == 0
  }
}
