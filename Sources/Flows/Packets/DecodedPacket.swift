// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What the headers of one frame say: the innermost IP packet, and the outermost tunnel around it.
///
/// A plain value of fixed size, filled in place for every packet; offsets are into the frame's
/// captured bytes. Link addresses and VLAN are those of the innermost Ethernet (or cooked) header.
struct DecodedPacket {
  var time = Timestamp(nanoseconds: 0)
  var interface: UInt32 = 0
  var sourceLink: LinkAddress = .none
  var destinationLink: LinkAddress = .none
  var etherType: UInt16 = 0
  /// The innermost VLAN id of the innermost Ethernet header; 0 for none.
  var vlan: UInt16 = 0
  var tunnel = Tunnel()

  var source: IPAddress = .unspecified
  var destination: IPAddress = .unspecified
  /// IPv4 identification; 0 for IPv6.
  var identification: UInt16 = 0
  var timeToLive: UInt8 = 0
  /// A fragment behind the first: it has the addresses and ports (ICMP: type, code, identifier) of the
  /// first, also when these lie inside a tunnel, and no transport header. A TCP fragment also has the
  /// sequence number of its own first byte, and FIN and PSH only when it is the last. Behind the first
  /// fragment of a tunnel's packet there is no payload: the packet inside has told its whole length.
  var isLaterFragment = false
  /// A fragment that others follow: more payload comes behind `payloadLength`, which counts only what
  /// this packet has.
  var hasMoreFragments = false

  var transport: TransportProtocol = .tcp
  var sourcePort: UInt16 = 0
  var destinationPort: UInt16 = 0
  /// TCP only, like everything up to `options`.
  var flags = TCPFlags(rawValue: 0)
  var sequence: UInt32 = 0
  var acknowledgement: UInt32 = 0
  /// As in the header, before scaling.
  var window: UInt16 = 0
  var options = TCPOptions()
  /// ICMP: the header's type, code, identifier and sequence number; identifier 0 where there is none.
  var icmpType: UInt8 = 0
  var icmpCode: UInt8 = 0
  var icmpIdentifier: UInt16 = 0
  var icmpSequence: UInt16 = 0

  /// Where the bytes behind the transport header begin, how many were captured, and how many there
  /// were on the link (Ethernet padding not counted). All three stay within 0 to 2^32; the offset and
  /// the captured count lie in the captured bytes. The length is what the IP header says, which may
  /// exceed the frame's: some captures are cut without saying so.
  var payloadOffset = 0
  var payloadCaptured = 0
  var payloadLength = 0
  /// A number for the beginning of a datagram's payload, to tell equal ones; 0 for anything else.
  var contentMark: UInt32 = 0
  /// Bytes of the frame on the link, and of the innermost IP packet, as its header says.
  var frameLength: UInt32 = 0
  var networkLength: UInt32 = 0

  /// Whether bytes of the payload are missing behind those captured: beyond the snap length, or in
  /// another fragment.
  var isPayloadCut: Bool { payloadCaptured < payloadLength || hasMoreFragments }
}
