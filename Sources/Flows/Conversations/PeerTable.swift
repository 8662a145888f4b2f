// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who owns the sockets of this host, by address: the other end of a connection inside the host is
/// found by looking for the reversed addresses.
///
/// Slots are those of the ``ConversationTable``. Connections whose addresses are translated on the
/// way are not found.
struct PeerTable {
  struct Owner {
    var local: IPAddress
    var remote: IPAddress
    var localPort: UInt16
    var remotePort: UInt16
    var transport: TransportProtocol
    var networkNamespace: UInt32
    /// Of the socket's last data event; ``ProcessKey/unknown`` before any.
    var process: ProcessKey
    var thread: UInt32
    var threadName: ThreadName
  }

  private var owners: [Owner] = []
  private var index = SlotIndex()
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  mutating func insert(_ event: SocketEvent, slot: Int) {
    let owner = Owner(
      local: event.local, remote: event.remote, localPort: event.localPort,
      remotePort: event.remotePort, transport: event.transport,
      networkNamespace: event.networkNamespace, process: .unknown, thread: 0, threadName: .empty)
    if slot == owners.count { owners.append(owner) } else { owners[slot] = owner }
    guard let key = key(of: owner) else { return }
    index.insert(key, slot: slot)
  }

  mutating func remove(slot: Int) {
    guard let key = key(of: owners[slot]) else { return }
    index.remove(key, slot: slot)
  }

  /// Notes who last used the socket.
  @inline(__always)
  mutating func note(_ event: SocketEvent, slot: Int) {
    if owners[slot].thread != event.thread || owners[slot].process != event.process {
      owners[slot].process = event.process
      owners[slot].thread = event.thread
    }
    owners[slot].threadName = event.threadName
  }

  /// The owner of the other end of the connection in `slot`, if that is a socket of this host that
  /// was seen to move data.
  func peer(of slot: Int) -> Owner? {
    let own = owners[slot]
    guard own.remotePort != 0, !own.remote.isUnspecified else { return nil }
    let hash = hash(
      local: own.remote, own.remotePort, remote: own.local, own.localPort, own.transport)
    // The same loopback addresses mean different sockets in different namespaces.
    let mustShare = own.remote.isLoopback
    var other: Int?
    _ = index.find(hash) { candidate in
      let found = owners[candidate]
      guard candidate != slot, found.local == own.remote, found.remote == own.local,
        found.localPort == own.remotePort, found.remotePort == own.localPort,
        found.transport.rawValue == own.transport.rawValue
      else { return false }
      if found.networkNamespace == own.networkNamespace {
        other = candidate
        return true
      }
      if !mustShare, other == nil { other = candidate }
      return false
    }
    guard let other, owners[other].process != .unknown else { return nil }
    return owners[other]
  }

  private func key(of owner: Owner) -> UInt32? {
    guard owner.remotePort != 0, !owner.remote.isUnspecified else { return nil }
    return hash(
      local: owner.local, owner.localPort, remote: owner.remote, owner.remotePort, owner.transport)
  }

  @inline(__always)
  private func hash(
    local: IPAddress, _ localPort: UInt16, remote: IPAddress, _ remotePort: UInt16,
    _ transport: TransportProtocol
  ) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(local)
    hash.combine(remote)
    hash.combine(
      UInt64(localPort) << 32 | UInt64(remotePort) << 8 | UInt64(transport.rawValue))
    return hash.value
  }
}
