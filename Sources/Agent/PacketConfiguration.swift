// SPDX-License-Identifier: Apache-2.0

package import Capture
import ConfigurationFile
import Glibc

/// The settings under `capture.packets`.
package struct PacketConfiguration: Hashable, Sendable {
  package enum Loopback: String, Hashable, Sendable, CaseIterable {
    /// Where nothing else sees what is said over it: when the kernel refuses the probes.
    case automatic
    case on = "true"
    case off = "false"
  }

  package var isEnabled = true
  /// Regular expressions for names of interfaces; empty for the default choice.
  package var interfaces: [String] = []
  package var excluded: [String] = []
  package var namespaces = PacketOptions.Namespaces.all
  package var loopback = Loopback.automatic
  package var snapLength = 2_048
  /// Bytes of the ring of one interface, and of all.
  package var ringBytes = 4 << 20
  package var totalRingBytes = 64 << 20
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
    interfaces = try Self.patterns(key + "interfaces", &reader)
    excluded = try Self.patterns(key + "exclude", &reader)
    namespaces = try reader.read(
      key + "namespaces", default: namespaces, expected: "all or host"
    ) { PacketOptions.Namespaces(rawValue: $0) }
    loopback = try reader.read(
      key + "loopback", default: loopback, expected: "automatic, true or false"
    ) { Loopback(rawValue: $0) }
    snapLength = try reader.integer(key + "snap_length", default: snapLength, in: 128...65_535)
    ringBytes = try reader.bytes(
      key + "ring", default: ringBytes, atLeast: 262_144, atMost: 256 << 20)
    totalRingBytes = try reader.bytes(
      key + "rings", default: max(totalRingBytes, ringBytes), atLeast: 262_144, atMost: 4 << 30)
    packetsPerSecond = try reader.integer(
      key + "packets_per_second", default: packetsPerSecond, in: 1...100_000_000)
    fanout = try reader.integer(key + "fanout", default: fanout, in: 1...16)
    serverPorts = try reader.list(
      key + "server_ports", default: serverPorts, expected: "whole numbers from 1 to 65535"
    ) { text in UInt16(text).flatMap { $0 > 0 ? $0 : nil } }
  }

  /// Patterns for names of interfaces.
  private static func patterns(
    _ key: String, _ reader: inout ConfigurationReader
  ) throws(ConfigurationError) -> [String] {
    let patterns = try reader.list(key, default: [])
    do throws(PacketError) {
      var options = PacketOptions()
      options.interfaces = patterns
      try options.check()
    } catch {
      throw reader.fault(key, "is wrong: \(error)")
    }
    return patterns
  }

  /// What a session is made of: each thread's share of the packets and of the memory.
  ///
  /// - Parameter isAlone: whether nothing but packets is seen.
  func options(isAlone: Bool) -> PacketOptions {
    var options = PacketOptions()
    options.interfaces = interfaces
    options.excluded = excluded
    options.namespaces = namespaces
    switch loopback {
    case .automatic: options.loopback = isAlone && interfaces.isEmpty ? .wanted : .asNamed
    case .on: options.loopback = .wanted
    case .off: options.loopback = .unwanted
    }
    options.snapLength = UInt32(snapLength)
    options.ringBytes = max(262_144, ringBytes / fanout)
    options.totalRingBytes = totalRingBytes / fanout
    options.packetsPerSecond = max(1, packetsPerSecond / fanout)
    if fanout > 1 { options.fanoutGroup = UInt16(truncatingIfNeeded: getpid()) }
    return options
  }
}
