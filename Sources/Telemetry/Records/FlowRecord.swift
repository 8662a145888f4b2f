// SPDX-License-Identifier: Apache-2.0

/// One end of a flow as its packets showed it.
package struct FlowEnd: Hashable, Sendable, BitwiseCopyable {
  package var address: IPAddress
  package var port: UInt16
  package var linkAddress: LinkAddress = .none
  /// All flags of the packets it sent in this report.
  package var flags = TCPFlags(rawValue: 0)
  /// Its link address, and its IP address, belong to the interface or namespace of the observer.
  package var isNearLink = false
  package var isNearNetwork = false
  /// Its address before translation, from a TCP option (TOA); unspecified when none told.
  package var realAddress: IPAddress = .unspecified
  package var realPort: UInt16 = 0

  package init(address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }
}

/// A conversation of two ends over TCP, UDP or ICMP as one observation point saw it, whole or the
/// part of one minute: a row of `flow_log.l4_flow_log`.
package struct FlowRecord: Hashable, Sendable, BitwiseCopyable {
  package var flow: UInt64 = 0
  package var observationPoint: ObservationPoint = .rest
  package var signalSource: SignalSource = .packet
  package var transport: TransportProtocol
  package var applicationProtocol: ApplicationProtocol = .unknown
  package var closeType: CloseType = .unknown
  /// Whether this is the flow's first report.
  package var isNew = false
  /// How sure the direction is, 0 to 255; 255 when SYN or SYN/ACK was seen.
  package var directionScore: UInt8 = 0

  package var client: FlowEnd
  package var server: FlowEnd
  package var networkNamespace: UInt32 = 0
  /// Kernel index of the interface; 0 for a capture file. Its name is `interfaceName`.
  package var interface: UInt32 = 0
  package var interfaceName: Text = .empty
  package var etherType: UInt16 = 0
  /// Innermost VLAN id; 0 for none.
  package var vlan: UInt16 = 0
  /// Outer addresses of what the client sent, and of what the server sent.
  package var sentTunnel = Tunnel()
  package var receivedTunnel = Tunnel()

  package var synSequence: UInt32 = 0
  package var synAckSequence: UInt32 = 0
  package var lastKeepaliveSequence: UInt32 = 0
  package var lastKeepaliveAcknowledgement: UInt32 = 0
  /// Identification of the client's first IPv4 packet.
  package var initialIPID: UInt16 = 0

  /// First and last packet of this report.
  package var start: Timestamp
  package var end: Timestamp
  /// From the flow's first packet to the last of this report. Microseconds.
  package var duration: UInt64 = 0
  /// This report's; the totals are since the flow began.
  package var figures = FlowFigures()
  package var totalSentPackets: UInt64 = 0
  package var totalReceivedPackets: UInt64 = 0
  package var totalSentBytes: UInt64 = 0
  package var totalReceivedBytes: UInt64 = 0
  /// The first host, or queried name, that a call of the flow spoke of.
  package var requestDomain: Text = .empty

  package init(
    transport: TransportProtocol, client: FlowEnd, server: FlowEnd, start: Timestamp,
    end: Timestamp
  ) {
    self.transport = transport
    self.client = client
    self.server = server
    self.start = start
    self.end = end
  }

  /// The tunnel the packets came in: the client's, or the server's when only that was seen.
  package var tunnel: Tunnel { sentTunnel.type == .none ? receivedTunnel : sentTunnel }

  /// What is stored in `nat_source`: 6 when a TCP option told an address before translation, else 0.
  package var translationSource: UInt8 {
    client.realAddress.isUnspecified && server.realAddress.isUnspecified ? 0 : 6
  }
}
