// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who owns the sockets of this host, by address: the other end of a connection inside the host is
/// found by looking for the reversed addresses.
///
/// Slots are those of the ``ConversationTable``. Connections whose addresses are translated on the
/// way are not found.
struct PeerTable {
  /// Who moved data through a socket last.
  struct User {
    /// ``ProcessKey/unknown`` before any data.
    var process = ProcessKey.unknown
    var thread: UInt32 = 0
    var threadName = ThreadName.empty
  }

  private struct Owner {
    var local: IPAddress
    var remote: IPAddress
    var localPort: UInt16
    var remotePort: UInt16
    var transport: TransportProtocol
    var networkNamespace: UInt32
    var user = User()
    /// Who had the other end when it was closed. An answer that ends with its connection is written
    /// after that.
    var departed = User()
    /// Hash of this socket's ends, and of the other end's; 0 when the ends are not known.
    var hash: UInt32 = 0
    var peerHash: UInt32 = 0
  }

  private var owners: [Owner] = []
  private var index = SlotIndex()
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  mutating func insert(_ event: SocketEvent, slot: Int) {
    var owner = Owner(
      local: event.local, remote: event.remote, localPort: event.localPort,
      remotePort: event.remotePort, transport: event.transport,
      networkNamespace: event.networkNamespace)
    if event.transport.rawValue == TransportProtocol.unix.rawValue {
      // Their cookies stand for the addresses that they do not have.
      owner.local = IPAddress(high: 0, low: event.socket)
      owner.remote = IPAddress(high: 0, low: event.peer)
      owner.hash = hash(unix: owner.local)
      owner.peerHash = event.peer == 0 ? 0 : hash(unix: owner.remote)
    } else if owner.remotePort != 0, !owner.remote.isUnspecified {
      owner.hash = hash(
        local: owner.local, owner.localPort, remote: owner.remote, owner.remotePort,
        owner.transport)
      owner.peerHash = hash(
        local: owner.remote, owner.remotePort, remote: owner.local, owner.localPort,
        owner.transport)
    }
    if slot == owners.count { owners.append(owner) } else { owners[slot] = owner }
    if owner.hash != 0 { index.insert(owner.hash, slot: slot) }
  }

  mutating func remove(slot: Int) {
    guard owners[slot].hash != 0 else { return }
    if owners[slot].user.process != .unknown, let other = peerSlot(of: slot) {
      owners[other].departed = owners[slot].user
    }
    index.remove(owners[slot].hash, slot: slot)
  }

  /// Follows the conversations to their new slots.
  mutating func move(_ moves: borrowing SlotMoves) {
    owners = moves.apply(to: owners)
    index = SlotIndex(minimumCapacity: owners.count)
    for slot in owners.indices where owners[slot].hash != 0 {
      index.insert(owners[slot].hash, slot: slot)
    }
  }

  var footprint: Int { owners.heldBytes + index.footprint }

  /// Notes who last used the socket.
  @inline(__always)
  mutating func note(_ event: inout SocketEvent, slot: Int) {
    if owners[slot].user.thread != event.thread
      || !owners[slot].user.process.isSame(as: event.process)
    {
      owners[slot].user.process = event.process
      owners[slot].user.thread = event.thread
    }
    owners[slot].user.threadName = event.threadName
    if event.peer != 0, owners[slot].peerHash == 0 {
      owners[slot].remote = IPAddress(high: 0, low: event.peer)
      owners[slot].peerHash = hash(unix: owners[slot].remote)
    }
  }

  /// Who moved data through a socket last; nil before any.
  func process(of slot: Int) -> ProcessKey? {
    let process = owners[slot].user.process
    return process == .unknown ? nil : process
  }

  /// Who has, or had, the other end of the connection in `slot`, if that is a socket of this host that
  /// was seen to move data.
  func peer(of slot: Int) -> User? {
    if let other = peerSlot(of: slot), owners[other].user.process != .unknown {
      return owners[other].user
    }
    return owners[slot].departed.process == .unknown ? nil : owners[slot].departed
  }

  private func peerSlot(of slot: Int) -> Int? {
    let hash = owners[slot].peerHash
    guard hash != 0 else { return nil }
    var other: Int?
    _ = index.find(hash) { candidate in
      guard candidate != slot, isPeer(owners[candidate], of: owners[slot]) else { return false }
      if owners[candidate].networkNamespace == owners[slot].networkNamespace {
        other = candidate
        return true
      }
      // The same loopback addresses mean different sockets in different namespaces.
      if !owners[slot].remote.isLoopback, other == nil { other = candidate }
      return false
    }
    return other
  }

  private func hash(unix end: IPAddress) -> UInt32 {
    hash(local: end, 0, remote: .unspecified, 0, .unix)
  }

  @inline(__always)
  private func isPeer(_ found: Owner, of own: Owner) -> Bool {
    found.local.isSame(as: own.remote)
      && (found.remote.isSame(as: own.local) || isUnixWithoutPeer(found))
      && found.localPort == own.remotePort
      && found.remotePort == own.localPort && found.transport.rawValue == own.transport.rawValue
  }

  /// One that sent before the other end was given a cookie does not know it yet.
  private func isUnixWithoutPeer(_ owner: Owner) -> Bool {
    owner.transport.rawValue == TransportProtocol.unix.rawValue && owner.peerHash == 0
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
