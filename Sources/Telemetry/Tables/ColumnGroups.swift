// SPDX-License-Identifier: Apache-2.0

/// Whose rows are whose.
package enum Team {
  /// The tenant of everything, where there is one only.
  package static let first: UInt16 = 1
}

/// Columns that several tables have.
extension TableDeclaration {
  /// When and where a call or flow was seen.
  static let logSighting: [ColumnDeclaration] = [
    .init("time", .dateTime, codec: .doubleDelta, about: "End of the call or report, in seconds."),
    .init("_id", .uint64, codec: .delta, about: "Row number: seconds, server and a counter."),
    .init(
      "start_time", .dateTimeMicroseconds, codec: .delta,
      about: "First byte of the request, first packet of the report."),
    .init(
      "end_time", .dateTimeMicroseconds, codec: .delta,
      about: "Last byte of the response, last packet of the report."),
    .init("agent_id", .uint16, about: "The agent that saw it."),
    team, signalSource,
    .init("observation_point", .lowCardinalityString, about: "Where it was seen: c-p, c, s, ..."),
  ]

  /// Which connection it was.
  static let logFlow: [ColumnDeclaration] = [
    .init("flow_id", .uint64, codec: .general, index: .bloomFilter, about: "The connection."),
    directionScore,
  ]

  /// Between whom.
  static let logEnds: [ColumnDeclaration] =
    pair(addressIndex: .bloomFilter) + transport + [
      .init("client_port", .uint16, about: "Client's port; 0 for ICMP."),
      .init("server_port", .uint16, index: .set, about: "Server's port; 0 for ICMP."),
    ]

  static let networkNamespace: [ColumnDeclaration] = [
    .init("netns_id", .uint32, about: "Network namespace it was seen in.")
  ]

  /// When metrics were counted, and by whom.
  static let metricSighting: [ColumnDeclaration] = [
    .init("time", .dateTime, codec: .doubleDelta, about: "Start of the interval."),
    .init("agent_id", .uint16, about: "The agent that counted."),
    team, signalSource,
  ]

  /// The end that a row of a one-sided table describes.
  static let owner: [ColumnDeclaration] = [
    .init(
      "role", .uint8, about: "Which side the row describes: 0 client, 1 server, 2 local, 3 rest."),
    .init("tag_set_id", .uint32, index: .fineSet, about: "Tag set; 0 unknown."),
    .init("auto_service_id", .uint32, about: "Service by number."),
    .init(
      "auto_service_type", .uint8, fold: .last, about: "What kind of thing auto_service_id numbers."
    ),
    .init("ip", .ipv6, about: "Address, IPv4 mapped."),
  ]

  /// The two ends of a two-sided table.
  static func pair(addressIndex: ColumnIndex = .none) -> [ColumnDeclaration] {
    [
      .init("tag_set_id_0", .uint32, index: .fineSet, about: "Tag set of the client; 0 unknown."),
      .init("tag_set_id_1", .uint32, index: .fineSet, about: "Tag set of the server; 0 unknown."),
      .init("auto_service_id_0", .uint32, index: .set, about: "Client's service by number."),
      .init("auto_service_id_1", .uint32, about: "Server's service by number."),
      .init(
        "auto_service_type_0", .uint8, fold: .last,
        about: "What kind of thing auto_service_id_0 numbers."),
      .init(
        "auto_service_type_1", .uint8, fold: .last,
        about: "What kind of thing auto_service_id_1 numbers."),
      .init("ip_0", .ipv6, index: addressIndex, about: "Client address, IPv4 mapped."),
      .init("ip_1", .ipv6, index: addressIndex, about: "Server address, IPv4 mapped."),
    ]
  }

  static let transport: [ColumnDeclaration] = [
    .init("is_ipv4", .uint8, fold: .last, about: "1 when the addresses are IPv4."),
    .init("protocol", .uint8, about: "IP protocol number."),
  ]

  static let applicationProtocol = ColumnDeclaration(
    "l7_protocol", .uint8, index: .set, about: "Application protocol by number.")

  static let tunnelType = ColumnDeclaration(
    "tunnel_type", .uint8, about: "What the packets were wrapped in; 0 nothing.")

  static let directionScore = ColumnDeclaration(
    "direction_score", .uint8, fold: .max, about: "How sure client and server are, 0 to 255.")

  /// Whose rows they are.
  static let team = ColumnDeclaration(
    "team_id", .uint16, initial: UInt64(Team.first), about: "The tenant; 1 where there is one only."
  )

  private static let signalSource = ColumnDeclaration(
    "signal_source", .uint8, about: "Data plane: 0 packet, 3 eBPF, 4 OTel.")
}
