// SPDX-License-Identifier: Apache-2.0

extension TagDeclaration {
  /// What packets tell of a flow.
  static let networkTags: [TagDeclaration] =
    sessionTags + linkTags + tunnelTags + translationTags

  private static let sessionTags: [TagDeclaration] = [
    .init(
      "close_type", .enumeration,
      values: [
        .init(0, "Others"), .init(1, "Normal"), .init(2, "Server RST"), .init(3, "Timeout"),
        .init(5, "Force Report"), .init(7, "Server SYN Miss"), .init(8, "Server Half Close"),
        .init(9, "Client RST"), .init(10, "Client ACK Miss"), .init(11, "Client Half Close"),
        .init(13, "Client Port Reuse"), .init(15, "Server Direct RST"),
        .init(17, "Server Queue Overflow"), .init(18, "Client Other RST"),
        .init(19, "Server Other RST"), .init(20, "Normal - Client RST"),
      ],
      display: "Close type", category: "Flow", about: "How the flow, or this report of it, ended."),
    .init(
      "status", .enumeration,
      values: [
        .init(0, "Success"), .init(2, "Unknown"), .init(3, "Server Error"),
        .init(4, "Client Error"),
      ],
      display: "Flow status", category: "Flow", about: "Whom the flow's end blames."),
    .init(
      "is_new_flow", .integer, display: "New flow", category: "Flow",
      about: "1 on a flow's first report."),
    .init(
      "tcp_flags_bit", .bits, sides: true,
      values: [
        .init(0x01, "FIN"), .init(0x02, "SYN"), .init(0x04, "RST"), .init(0x08, "PSH"),
        .init(0x10, "ACK"), .init(0x20, "URG"), .init(0x40, "ECE"), .init(0x80, "CWR"),
        .init(0x100, "NS"),
      ],
      display: "TCP flags", category: "Flow", about: "All flags the side sent in this report."),
    .init("syn_seq", .integer, display: "SYN", category: "Flow", about: "Sequence of the SYN."),
    .init(
      "syn_ack_seq", .integer, display: "SYN/ACK", category: "Flow",
      about: "Sequence of the SYN/ACK."),
    .init(
      "last_keepalive_seq", .integer, display: "Keepalive", category: "Flow",
      about: "Sequence of the last keepalive."),
    .init(
      "last_keepalive_ack", .integer, display: "Keepalive's ACK", category: "Flow",
      about: "Acknowledgement of the last keepalive."),
    .init(
      "init_ipid", .integer, display: "First IP id", category: "Flow",
      about: "Identification of the client's first IPv4 packet."),
  ]

  private static let linkTags: [TagDeclaration] = [
    .init(
      "capture_nic", .integer, display: "Interface number", category: "Capture",
      about: "Kernel index of the interface; 0 for a capture file."),
    .init(
      "capture_nic_name", .string, display: "Interface", category: "Capture",
      about: "Name of the interface."),
    .init(
      "mac", .linkAddress, sides: true, display: "MAC", category: "Network",
      about: "Link address."),
    .init(
      "eth_type", .enumeration, values: [.init(0x0800, "IPv4"), .init(0x86dd, "IPv6")],
      display: "EtherType", category: "Network", about: "EtherType of the IP packets."),
    .init("vlan", .integer, display: "VLAN", category: "Network", about: "Innermost VLAN; 0 none."),
    .init(
      "l2_end", .integer, sides: true, display: "Near link", category: "Network",
      about: "1 when the side's link address is the observer's."),
    .init(
      "l3_end", .integer, sides: true, display: "Near network", category: "Network",
      about: "1 when the side's IP address is the observer's."),
  ]

  private static let tunnelTags: [TagDeclaration] =
    [
      .init(
        "tunnel_type", .enumeration,
        values: [
          .init(0, "N/A"), .init(1, "VXLAN"), .init(2, "IPIP"), .init(3, "GRE"),
          .init(4, "Geneve"), .init(5, "VXLAN-NSH"),
        ],
        display: "Tunnel", category: "Tunnel", about: "What the packets were wrapped in."),
      .init(
        "tunnel_tier", .integer, display: "Tunnel layers", category: "Tunnel",
        about: "Layers of tunnels around the packets."),
      .init(
        "tunnel_tx_id", .integer, display: "Tunnel id, sent", category: "Tunnel",
        about: "VNI or key of what the client sent."),
      .init(
        "tunnel_rx_id", .integer, display: "Tunnel id, received", category: "Tunnel",
        about: "VNI or key of what the server sent."),
    ]
    + [
      ("tunnel_tx_ip", "Tunnel IP, sent", "Outer addresses of what the client sent."),
      ("tunnel_rx_ip", "Tunnel IP, received", "Outer addresses of what the server sent."),
    ].map { name, display, about in
      .init(name, .address, sides: true, display: display, category: "Tunnel", about: about)
    }

  private static let translationTags: [TagDeclaration] = [
    .init(
      "nat_source", .enumeration,
      values: [.init(0, "N/A"), .init(2, "VIP"), .init(4, "RTOA"), .init(6, "TOA")],
      display: "NAT source", category: "Network",
      about: "How an address before translation is known."),
    .init(
      "nat_real_ip", .address, sides: true, display: "IP before NAT", category: "Network",
      about: "Address before translation; :: unknown."),
    .init(
      "nat_real_port", .integer, sides: true, display: "Port before NAT", category: "Network",
      about: "Port before translation; 0 unknown."),
  ]
}
