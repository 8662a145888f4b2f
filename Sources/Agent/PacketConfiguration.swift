// SPDX-License-Identifier: Apache-2.0

package import Capture
import ConfigurationFile
import Glibc
import Telemetry

/// The settings under `capture.packets`.
package struct PacketConfiguration: Hashable, Sendable {
  package var isEnabled = true
  /// Regular expressions for names of interfaces; empty for the default choice.
  package var interfaces: [String] = []
  package var excluded: [String] = []
  package var namespaces = PacketOptions.Namespaces.all
  package var snapLength = 2_048
  /// Bytes of the ring of one interface, and of all.
  package var ringBytes = 4 << 20
  package var totalRingBytes = 32 << 20
  package var packetsPerSecond = 1_000_000
  /// Threads that share the packets.
  package var fanout = 1
  /// Ports that servers are known to listen on.
  package var serverPorts: [UInt16] = []

  package init() {}

  init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    let key = "capture.packets."
    isEnabled = try reader.read(key + "enabled", default: isEnabled, expected: "true or false") {
      ["true": true, "false": false][$0]
    }
    interfaces = try reader.list(key + "interfaces", default: interfaces)
    excluded = try reader.list(key + "exclude", default: excluded)
    namespaces = try reader.read(
      key + "namespaces", default: namespaces, expected: "all or host"
    ) { PacketOptions.Namespaces(rawValue: $0) }
    snapLength = try reader.integer(key + "snap_length", default: snapLength, in: 128...65_535)
    ringBytes = try reader.read(
      key + "ring", default: ringBytes, expected: "a size from 256 KiB to 256 MiB"
    ) { text in byteCount(text).flatMap { (262_144...(256 << 20)).contains($0) ? $0 : nil } }
    totalRingBytes = try reader.read(
      key + "rings", default: max(totalRingBytes, ringBytes),
      expected: "a size from 256 KiB to 4 GiB"
    ) { text in byteCount(text).flatMap { (262_144...(4 << 30)).contains($0) ? $0 : nil } }
    packetsPerSecond = try reader.integer(
      key + "packets_per_second", default: packetsPerSecond, in: 1...100_000_000)
    fanout = try reader.integer(key + "fanout", default: fanout, in: 1...16)
    serverPorts = try Self.ports(try reader.list(key + "server_ports", default: []))
    do throws(PacketError) {
      var options = PacketOptions()
      options.interfaces = interfaces
      options.excluded = excluded
      try options.check()
    } catch {
      throw ConfigurationError("capture.packets: \(error)")
    }
  }

  private static func ports(_ texts: [String]) throws(ConfigurationError) -> [UInt16] {
    var ports: [UInt16] = []
    for text in texts {
      guard let port = UInt16(text), port > 0 else {
        throw ConfigurationError(
          "capture.packets.server_ports: '\(text)' is not a port; it must be a whole number from 1 "
            + "to 65535")
      }
      ports.append(port)
    }
    return ports
  }

  /// What a session is made of: each thread's share of the packets and of the memory.
  func options(for configuration: AgentConfiguration) -> PacketOptions {
    var options = PacketOptions()
    options.interfaces = interfaces
    options.excluded = excluded
    options.namespaces = namespaces
    options.snapLength = UInt32(snapLength)
    options.ringBytes = max(262_144, ringBytes / fanout)
    options.totalRingBytes = totalRingBytes / fanout
    options.packetsPerSecond = max(1, packetsPerSecond / fanout)
    if fanout > 1 { options.fanoutGroup = UInt16(truncatingIfNeeded: getpid()) }
    options.ignoredPeers =
      Self.peers(configuration.server) + Self.peers(configuration.metrics)
    return options
  }

  /// The addresses behind a name or number: the agent's own talk is with them. None when the name is
  /// not known yet, or the address is every address.
  private static func peers(_ address: NetworkAddress) -> [PacketOptions.Peer] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>? = nil
    guard unsafe getaddrinfo(address.host, nil, &hints, &found) == 0 else { return [] }
    defer { unsafe freeaddrinfo(found) }
    var next = unsafe found
    var peers: [PacketOptions.Peer] = []
    while let entry = unsafe next, peers.count < 2 {
      if let number = unsafe IPAddress(entry.pointee.ai_addr), !number.isUnspecified {
        peers.append(
          PacketOptions.Peer(address: number, port: UInt16(truncatingIfNeeded: address.port)))
      }
      unsafe next = unsafe entry.pointee.ai_next
    }
    return peers
  }
}

extension IPAddress {
  /// The address of an IPv4 or IPv6 socket address; nil for another family.
  fileprivate init?(_ address: UnsafeMutablePointer<sockaddr>?) {
    guard let address = unsafe address else { return nil }
    switch unsafe CInt(address.pointee.sa_family) {
    case AF_INET:
      self = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        unsafe IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
      }
    case AF_INET6:
      self = unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        unsafe withUnsafeBytes(of: &$0.pointee.sin6_addr) { bytes in
          unsafe IPAddress(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
      }
    default: return nil
    }
  }
}
