// SPDX-License-Identifier: Apache-2.0

/// One frame as it was captured, without its bytes, which are borrowed along with it.
package struct CapturedPacket: Sendable, BitwiseCopyable {
  package var time: Timestamp
  package var linkType: LinkType
  /// Which of the pipeline's interfaces it was seen on: the index of its ``InterfaceDescription``.
  package var interface: UInt32
  /// Bytes on the link; the captured bytes may be fewer.
  package var length: UInt32
  /// Outermost VLAN id where the kernel took the tag out of the frame; 0 where it did not.
  package var vlan: UInt16 = 0

  package init(time: Timestamp, linkType: LinkType, interface: UInt32, length: UInt32) {
    self.time = time
    self.linkType = linkType
    self.interface = interface
    self.length = length
  }
}

/// A network interface, or the place that a capture file speaks of, and what it stands next to.
package struct InterfaceDescription: Hashable, Sendable {
  /// As the kernel names it; the file's name for a capture file.
  package var name: String
  /// Kernel index; 0 for a capture file.
  package var index: UInt32
  /// Inode of its network namespace; 0 for a capture file.
  package var networkNamespace: UInt32
  package var linkAddress: LinkAddress
  /// Addresses of all interfaces of its namespace: who answers to them is here.
  package var addresses: [IPAddress]
  /// Addresses of the containers that it leads to, on the other end of a virtual link or on a bridge:
  /// who answers to them is behind it.
  package var guests: [IPAddress]
  /// Whether its other end lies in a container: its own link address is what all others are seen
  /// with, and not the container.
  package var facesContainer: Bool
  package var isLoopback: Bool
  /// Whether its namespace forwards packets of others (containers, virtual machines): what passes
  /// with a foreign address is seen at their node.
  package var forwards: Bool
  /// Whether it says anything about who is near. False for a capture file: all it has is `rest`.
  package var isHere: Bool

  package init(
    name: String, index: UInt32 = 0, networkNamespace: UInt32 = 0,
    linkAddress: LinkAddress = .none, addresses: [IPAddress] = [], guests: [IPAddress] = [],
    facesContainer: Bool = false, isLoopback: Bool = false, forwards: Bool = false,
    isHere: Bool = false
  ) {
    self.name = name
    self.index = index
    self.networkNamespace = networkNamespace
    self.linkAddress = linkAddress
    self.addresses = addresses
    self.guests = guests
    self.facesContainer = facesContainer
    self.isLoopback = isLoopback
    self.forwards = forwards
    self.isHere = isHere
  }
}
