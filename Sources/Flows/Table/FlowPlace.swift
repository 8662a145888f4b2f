// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The places where packets are seen.
struct Interfaces {
  private(set) var descriptions: [InterfaceDescription] = []
  private var addresses: [Set<IPAddress>] = []
  private var guests: [Set<IPAddress>] = []
  /// The name that was written last, and where.
  private var written: (interface: UInt32, text: Text)?

  /// Stands for an interface that nobody described.
  private static let unknown = InterfaceDescription(name: "")

  subscript(_ id: UInt32) -> InterfaceDescription {
    Int(id) < descriptions.count ? descriptions[Int(id)] : Self.unknown
  }

  mutating func append(_ description: InterfaceDescription) -> UInt32 {
    descriptions.append(description)
    addresses.append(Set(description.addresses))
    guests.append(Set(description.guests))
    return UInt32(descriptions.count - 1)
  }

  mutating func replace(_ id: UInt32, _ description: InterfaceDescription) {
    guard Int(id) < descriptions.count else { return }
    descriptions[Int(id)] = description
    addresses[Int(id)] = Set(description.addresses)
    guests[Int(id)] = Set(description.guests)
  }

  func isNear(_ address: IPAddress, on id: UInt32) -> Bool {
    Int(id) < addresses.count && addresses[Int(id)].contains(address)
  }

  func isGuest(_ address: IPAddress, on id: UInt32) -> Bool {
    Int(id) < guests.count && guests[Int(id)].contains(address)
  }

  /// Appends the name of an interface to the batch's text, unless it stands there already.
  mutating func writeName(of id: UInt32, into batch: inout RecordBatch) -> Text {
    guard Int(id) < descriptions.count else { return .empty }
    if let written, written.interface == id, batch.isText(written.text, descriptions[Int(id)].name)
    {
      return written.text
    }
    let text = batch.append(descriptions[Int(id)].name)
    written = (id, text)
    return text
  }

  /// A link without addresses (a tunnel's end) says no more than the network.
  func isNear(_ link: LinkAddress, _ address: IPAddress, on id: UInt32) -> Bool {
    let own = self[id].linkAddress.value
    return own == 0 ? isNear(address, on: id) : own == link.value
  }
}

extension RecordBatch {
  /// Whether `text` lies in this batch and reads `string`.
  fileprivate func isText(_ text: Text, _ string: String) -> Bool {
    let end = Int(text.offset) + Int(text.length)
    return end <= self.text.count && self.text[Int(text.offset)..<end].elementsEqual(string.utf8)
  }
}

/// What is near of one end of a flow.
struct Nearness {
  var link = false
  var network = false
  /// It is a container's that the interface leads to.
  var guest = false
  /// The tunnel that its packets go through begins here.
  var tunnel = false
}

extension InterfaceDescription {
  /// Where a flow of these two ends is seen here.
  ///
  /// An end with its link and its network address here is here itself. A container that the
  /// interface leads to is seen at its node; between two of them, both are. With the link address alone
  /// it is somebody whose packets are passed on: a container's or a virtual machine's at its node,
  /// or those of the other side, whose gateway this is. With the network address alone it is a
  /// container again, if packets are passed on here at all.
  func observationPoint(
    client: Nearness, server: Nearness, hasOneLink: Bool
  ) -> ObservationPoint {
    guard isHere else { return .rest }
    if isLoopback || hasOneLink { return .local }
    let isClientHere = client.link && client.network && !client.tunnel
    let isServerHere = server.link && server.network && !server.tunnel
    switch (isClientHere, isServerHere) {
    case (true, true): return .local
    case (true, false): return .client
    case (false, true): return .server
    case (false, false): break
    }
    switch (client.guest, server.guest) {
    case (true, true): return .local
    case (true, false): return .clientNode
    case (false, true): return .serverNode
    case (false, false): break
    }
    if client.tunnel || server.tunnel { return client.tunnel ? .clientNode : .serverNode }
    if client.link || server.link {
      // Towards a container, that link address is the sender of what comes from everywhere else.
      if facesContainer { return client.link ? .serverNode : .clientNode }
      if forwards { return client.link ? .clientNode : .serverNode }
      return client.link ? .serverGateway : .clientGateway
    }
    guard forwards, client.network || server.network else { return .rest }
    return client.network ? .clientNode : .serverNode
  }
}

extension FlowTable {
  /// Learns what the first packet says about which end is near.
  mutating func learnPlace(_ packet: inout DecodedPacket, slot: Int) {
    let interface = packet.interface
    guard interfaces[interface].isHere else { return }
    details[slot].isNearLink[0] = interfaces.isNear(packet.sourceLink, packet.source, on: interface)
    details[slot].isNearLink[1] = interfaces.isNear(
      packet.destinationLink, packet.destination, on: interface)
    details[slot].isNearNetwork[0] = interfaces.isNear(packet.source, on: interface)
    details[slot].isNearNetwork[1] = interfaces.isNear(packet.destination, on: interface)
    details[slot].isGuest[0] = interfaces.isGuest(packet.source, on: interface)
    details[slot].isGuest[1] = interfaces.isGuest(packet.destination, on: interface)
    details[slot].observationPoint = observationPoint(slot)
  }

  func observationPoint(_ slot: Int) -> ObservationPoint {
    let interface = flows[slot].interface
    guard interfaces[interface].isHere else { return .rest }
    let client = flows[slot].clientDirection
    let (from, to) = (details[slot].link[0], details[slot].link[1])
    return interfaces[interface].observationPoint(
      client: nearness(slot, client), server: nearness(slot, 1 - client),
      hasOneLink: from.value != 0 && from.value == to.value)
  }

  private func nearness(_ slot: Int, _ direction: Int) -> Nearness {
    var nearness = Nearness(
      link: details[slot].isNearLink[direction], network: details[slot].isNearNetwork[direction],
      guest: details[slot].isGuest[direction])
    let extra = details[slot].extra
    if flows[slot].tunnelType.rawValue != 0, extra != Pool<FlowExtra>.none {
      // The first packet's tunnel, seen from either end.
      let tunnel = extras.slots[Int(extra)].tunnel[0]
      let outer = direction == 0 ? tunnel.source : tunnel.destination
      nearness.tunnel = interfaces.isNear(outer, on: flows[slot].interface)
    }
    return nearness
  }
}
