// SPDX-License-Identifier: Apache-2.0

/// An agent that has said hello and stored nothing yet: it has a number for as long as it is
/// connected, and nobody but this process knows of it.
struct Guest: Sendable {
  var entry: AgentEntry
  var protocols: [ProtocolEntry]
  /// Connections that speak for it.
  var connections: Int
}

extension CatalogState {
  /// The number of an agent that says hello. One that is new gets its number for as long as it is
  /// connected: until ``confirmAgent(_:)`` nothing is written down, so hellos alone use nothing up.
  ///
  /// Every call is followed by one of ``agentLeft(_:)``.
  ///
  /// - Throws: ``CatalogError/tooManyAgents``, ``CatalogError/badIdentity``.
  package mutating func greet(
    identity: String, hostname: String = "", version: String, protocols: [ProtocolEntry],
    cluster: String = ""
  ) throws(CatalogError) -> UInt16 {
    guard (1...256).contains(identity.utf8.count), !identity.utf8.contains(0) else {
      throw .badIdentity
    }
    if guests[identity] != nil {
      guests[identity]?.connections += 1
      return guests[identity]?.entry.number ?? 0
    }
    guard let number = agentNumbers[identity] ?? freeAgentNumber() else { throw .tooManyAgents }
    let entry = AgentEntry(
      number: number, identity: identity, hostname: Self.cut(hostname, limits.nameBytes),
      version: Self.cut(version, limits.nameBytes), cluster: Self.cut(cluster, limits.nameBytes))
    guard let index = index(ofAgent: number) else {
      guests[identity] = Guest(entry: entry, protocols: protocols, connections: 1)
      guestNumbers.insert(number)
      return number
    }
    if agents[index] != entry {
      agents[index] = entry
      clusterKeys[number] = entry.cluster
      note(.agent(entry))
    }
    for entry in protocols { learn(entry) }
    return number
  }

  /// Makes an agent's number its own for good: rows are about to carry it.
  package mutating func confirmAgent(_ identity: String) {
    guard let guest = guests.removeValue(forKey: identity) else { return }
    guestNumbers.remove(guest.entry.number)
    add(guest.entry)
    note(.agent(guest.entry))
    for entry in guest.protocols { learn(entry) }
  }

  /// A connection of the agent is over. The number of one that stored nothing is free again.
  package mutating func agentLeft(_ identity: String) {
    guard var guest = guests[identity] else { return }
    guest.connections -= 1
    guests[identity] = guest.connections > 0 ? guest : nil
    if guest.connections == 0 { guestNumbers.remove(guest.entry.number) }
  }

  /// Whether rows may carry the agent's number.
  package func isConfirmed(_ identity: String) -> Bool { agentNumbers[identity] != nil }

  /// Puts an agent where its number belongs.
  mutating func add(_ entry: AgentEntry) {
    agents.insert(entry, at: agents.count { $0.number < entry.number })
    agentNumbers[entry.identity] = entry.number
    clusterKeys[entry.number] = entry.cluster
  }

  private func index(ofAgent number: UInt16) -> Int? {
    let index = agents.count { $0.number < number }
    return index < agents.count && agents[index].number == number ? index : nil
  }

  /// The lowest number that nobody has; nil when there is none.
  private func freeAgentNumber() -> UInt16? {
    var number = UInt16(1)
    for entry in agents {
      while number < entry.number, guestNumbers.contains(number) { number += 1 }
      if number < entry.number { return number }
      guard number < .max else { return nil }
      number = entry.number + 1
    }
    while guestNumbers.contains(number) {
      guard number < .max else { return nil }
      number += 1
    }
    return number
  }

  /// The first name that a number got stays: rows that are stored mean it.
  mutating func learn(_ entry: ProtocolEntry) {
    let name = Self.cut(entry.name, 64)
    guard !name.isEmpty else { return }
    if let known = protocolNames[entry.number] {
      if known != name { refusals.protocolNames &+= 1 }
      return
    }
    protocolNames[entry.number] = name
    note(.protocolName(ProtocolEntry(number: entry.number, name: name)))
  }
}
