// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension CatalogState {
  /// The number of the service, given now when it is new; 0 when the table is full.
  mutating func service(_ kind: ServiceEntry.Kind, _ name: String) -> UInt32 {
    let key = ServiceName(kind: kind, name: name)
    if let number = services[key] { return number }
    guard services.count < limits.services, let number = pools[.service].take() else {
      refusals.services &+= 1
      return 0
    }
    services[key] = number
    note(.service(ServiceEntry(number: number, kind: kind, name: name)))
    return number
  }

  /// The tag set of these resources, begun now when the combination is new.
  mutating func tagSet(
    _ kind: ServiceEntry.Kind, _ members: TagSet.Members,
    service: (inout CatalogState) -> UInt32
  ) -> EndTags {
    if let known = tagSetNumbers[members] {
      return EndTags(tagSet: known, service: tagSets[Int(known)].service, serviceKind: kind)
    }
    // A number of a service stands beside that of a tag set, or not at all: so both retire together.
    guard tagSetNumbers.count < limits.tagSets, let number = pools[.tagSet].take() else {
      refusals.tagSets &+= 1
      return EndTags(tagSet: 0, service: 0, serviceKind: kind)
    }
    let entry = TagSet(
      number: number, service: service(&self), serviceKind: kind, members: members,
      began: second, sequence: nextSequence(), lastUsed: second)
    add(entry)
    note(.tagSet(entry))
    unstored.tagSets.append(number)
    return EndTags(tagSet: number, service: entry.service, serviceKind: kind)
  }

  mutating func add(_ entry: TagSet) {
    let missing = Int(entry.number) + 1 - tagSets.count
    if missing > 0 { tagSets.append(contentsOf: repeatElement(.none, count: missing)) }
    tagSets[Int(entry.number)] = entry
    tagSetNumbers[entry.members] = entry.number
  }

  /// The tags of a run of a process. The resources that Telemetry's tags name get their values here.
  mutating func tags(of run: ProcessRun) -> EndTags {
    let agent = run.key.agent
    let host = hostVersion(of: agent)
    guard let process = processes[run.process] else {
      return EndTags(tagSet: 0, service: 0, serviceKind: .process)
    }
    let hostname = hosts[agent]?.report.hostname ?? ""
    var content = ResourceVersion.Content(
      name: process.name,
      instance: hostname.isEmpty ? process.name : process.name + "@" + hostname)
    if host != 0 { content.parents = [host] }
    content.attributes = [
      .init("os_user", String(run.userID)), .init("command_line", process.commandLine),
      .init("executable", process.executable),
    ].filter { !$0.value.isEmpty }
    let number = version(
      of: ResourceIdentity(
        .process, in: scope(ofAgent: agent), id: "\(run.process)/\(run.userID)"), content)
    guard number != 0 else { return EndTags(tagSet: 0, service: 0, serviceKind: .process) }
    let tags = tagSet(
      .process,
      TagSet.Members(
        autoService: number, autoInstance: number, host: host, process: number,
        container: containerVersion(run.containerID, of: agent),
        source: EndResources.Source.process.rawValue)
    ) { $0.service(.process, process.name) }
    if tags.tagSet != 0, !run.containerID.isEmpty { containerIDs[tags.tagSet] = run.containerID }
    return tags
  }

  /// The tags of an end on `agent`'s host of which the process is not known.
  mutating func tags(of host: HostEntry) -> EndTags {
    let number = hostVersion(of: host.agent)
    guard number != 0 else { return EndTags(tagSet: 0, service: 0, serviceKind: .host) }
    return tagSet(
      .host,
      TagSet.Members(
        autoService: number, autoInstance: number, host: number,
        source: EndResources.Source.agent.rawValue)
    ) { $0.service(.host, host.report.hostname) }
  }

  private mutating func hostVersion(of agent: UInt16) -> UInt32 {
    guard let name = hosts[agent]?.report.hostname, !name.isEmpty else { return 0 }
    let number = version(
      of: ResourceIdentity(.host, in: scope(ofAgent: agent), id: ""),
      ResourceVersion.Content(name: name, instance: name))
    hostAgents[number] = agent
    return number
  }

  private mutating func containerVersion(_ id: String, of agent: UInt16) -> UInt32 {
    guard !id.isEmpty else { return 0 }
    return version(
      of: ResourceIdentity(.container, in: scope(ofAgent: agent), id: id),
      ResourceVersion.Content(name: id, instance: id))
  }
}

extension TagSet {
  /// No tag set.
  static let none = TagSet(
    number: 0, service: 0, serviceKind: .address, members: Members(), began: 0, sequence: 0,
    lastUsed: 0)
}
