// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What of the network is captured, and at what cost.
package struct PacketOptions: Hashable, Sendable {
  /// Whose interfaces.
  package enum Namespaces: String, Hashable, Sendable, CaseIterable {
    /// The agent's own network namespace and those of all containers that can be found.
    case all
    /// The agent's own only, which is the host's when it runs there.
    case host
  }

  /// Whether loopback interfaces are captured.
  package enum Loopback: Hashable, Sendable {
    /// When ``PacketOptions/interfaces`` names them.
    case asNamed
    case wanted, unwanted
  }

  /// One end that is left out: the agent's own server.
  package struct Peer: Hashable, Sendable {
    package var address: IPAddress
    package var port: UInt16

    package init(address: IPAddress, port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  /// Extended regular expressions (POSIX) for the whole name of an interface; one must match. Empty
  /// for the choice of ``InterfaceChoice``.
  package var interfaces: [String] = []
  /// The same; none may match.
  package var excluded: [String] = []
  package var namespaces = Namespaces.all
  package var loopback = Loopback.asNamed
  /// Bytes kept of a frame at most, 64 to 65,535. The kernel hands over "frames" of up to 64 KiB
  /// where network cards or virtual links put segments together.
  package var snapLength: UInt32 = 2_048
  /// Size of the ring of an interface, rounded down to whole blocks. It counts as resident memory.
  package var ringBytes = 4 << 20
  /// Size of all rings together: when it is used up, further interfaces get smaller rings, then none.
  package var totalRingBytes = 64 << 20
  /// Longest that a frame lies in a block that is not full, milliseconds.
  package var blockTimeout: UInt32 = 40
  /// Frames handed on in a second of their time; those beyond are counted.
  package var packetsPerSecond = 1_000_000
  /// Both directions of TCP and UDP with these ends are not captured. At most six count.
  package var ignoredPeers: [Peer] = []
  /// Sessions with the same number share the packets of their interfaces: each flow goes to one of
  /// them. nil when this session is alone.
  package var fanoutGroup: UInt16?
  /// Milliseconds between two looks for namespaces that came or went.
  package var namespaceInterval: Int64 = 2_000
  package var namespaceLimit = 256
  package var interfaceLimit = 256

  package init() {}
}
