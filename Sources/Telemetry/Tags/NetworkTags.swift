// SPDX-License-Identifier: Apache-2.0

extension TagDeclaration {
  /// What packets tell of a flow.
  static let networkTags = sessionTags + linkTags + tunnelTags + translationTags

  private static let sessionTags =
    [
      enumeration(
        "close_type",
        values: [
          0: "Others", 1: "Normal", 2: "Server RST", 3: "Timeout", 5: "Force Report",
          7: "Server SYN Miss", 8: "Server Half Close", 9: "Client RST", 10: "Client ACK Miss",
          11: "Client Half Close", 13: "Client Port Reuse", 15: "Server Direct RST",
          17: "Server Queue Overflow", 18: "Client Other RST", 19: "Server Other RST",
          20: "Normal - Client RST",
        ],
        display: "Close type", category: "Flow",
        about: "How the flow, or this report of it, ended."),
      enumeration(
        "status", values: [0: "Success", 2: "Unknown", 3: "Server Error", 4: "Client Error"],
        display: "Flow status", category: "Flow", about: "Whom the flow's end blames."),
    ]
    + singles("Flow", [("is_new_flow", .integer, "New flow", "1 on a flow's first report.")])
    + [
      enumeration(
        "tcp_flags_bit", .bits, sides: true,
        values: [
          0x01: "FIN", 0x02: "SYN", 0x04: "RST", 0x08: "PSH", 0x10: "ACK", 0x20: "URG",
          0x40: "ECE", 0x80: "CWR", 0x100: "NS",
        ],
        display: "TCP flags", category: "Flow", about: "All flags the side sent in this report.")
    ]
    + singles(
      "Flow",
      [
        ("syn_seq", .integer, "SYN", "Sequence of the SYN."),
        ("syn_ack_seq", .integer, "SYN/ACK", "Sequence of the SYN/ACK."),
        ("last_keepalive_seq", .integer, "Keepalive", "Sequence of the last keepalive."),
        (
          "last_keepalive_ack", .integer, "Keepalive's ACK",
          "Acknowledgement of the last keepalive."
        ),
        (
          "init_ipid", .integer, "First IP id",
          "Identification of the client's first IPv4 packet."
        ),
      ])

  private static let linkTags =
    singles(
      "Capture",
      [
        (
          "capture_nic", .integer, "Interface number",
          "Kernel index of the interface; 0 for a capture file."
        ),
        ("capture_nic_name", .string, "Interface", "Name of the interface."),
      ])
    + pairs("Network", [("mac", .linkAddress, "MAC", "Link address.")])
    + [
      enumeration(
        "eth_type", values: [0x0800: "IPv4", 0x86dd: "IPv6"], display: "EtherType",
        category: "Network",
        about: "EtherType of the IP packets.")
    ]
    + singles("Network", [("vlan", .integer, "VLAN", "Innermost VLAN; 0 none.")])
    + pairs(
      "Network",
      [
        (
          "l2_end", .integer, "Near link",
          "1 when the side's link address is the observer's."
        ),
        ("l3_end", .integer, "Near network", "1 when the side's IP address is the observer's."),
      ])

  private static let tunnelTags =
    [
      enumeration(
        "tunnel_type",
        values: [0: "N/A", 1: "VXLAN", 2: "IPIP", 3: "GRE", 4: "Geneve", 5: "VXLAN-NSH"],
        display: "Tunnel", category: "Tunnel", about: "What the packets were wrapped in.")
    ]
    + singles(
      "Tunnel",
      [
        ("tunnel_tier", .integer, "Tunnel layers", "Layers of tunnels around the packets."),
        ("tunnel_tx_id", .integer, "Tunnel id, sent", "VNI or key of what the client sent."),
        ("tunnel_rx_id", .integer, "Tunnel id, received", "VNI or key of what the server sent."),
      ])
    + pairs(
      "Tunnel",
      [
        ("tunnel_tx_ip", .address, "Tunnel IP, sent", "Outer addresses of what the client sent."),
        (
          "tunnel_rx_ip", .address, "Tunnel IP, received",
          "Outer addresses of what the server sent."
        ),
      ])

  private static let translationTags =
    [
      enumeration(
        "nat_source", values: [0: "N/A", 2: "VIP", 4: "RTOA", 6: "TOA"], display: "NAT source",
        category: "Network", about: "How an address before translation is known.")
    ]
    + pairs(
      "Network",
      [
        ("nat_real_ip", .address, "IP before NAT", "Address before translation; :: unknown."),
        ("nat_real_port", .integer, "Port before NAT", "Port before translation; 0 unknown."),
      ])
}
