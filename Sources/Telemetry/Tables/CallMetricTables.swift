// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_metrics.application.1s`: RED figures of each service and endpoint, seen from its own side.
  package static let applicationSecond = application(interval: 1, suffix: "1s", hours: 24)
  package static let applicationMinute = application(interval: 60, suffix: "1m", hours: 168)
  /// `flow_metrics.application_map.1s`: RED figures of each pair of client and server.
  package static let applicationMapSecond = applicationMap(interval: 1, suffix: "1s", hours: 24)
  package static let applicationMapMinute = applicationMap(interval: 60, suffix: "1m", hours: 168)

  private static func application(
    interval: UInt32, suffix: String, hours: UInt32
  ) -> TableDeclaration {
    TableDeclaration(
      database: "flow_metrics", name: "application." + suffix,
      columns: metricBase + [
        .init("role", .uint8, about: "Which side the row describes: 0 client, 1 server."),
        .init("tag_set_id", .uint32, index: .set, about: "Tag set; 0 unknown."),
        .init("auto_service_id", .uint32, index: .set, about: "Service by number."),
        .init("auto_service_type", .uint8, about: "What kind of thing auto_service_id numbers."),
        .init("ip", .ipv6, about: "Address, IPv4 mapped."),
      ] + metricKey + metricFigures,
      orderBy: ["time", "auto_service_id", "server_port"],
      partitionSeconds: interval == 1 ? 14_400 : 43_200, retentionHours: hours,
      interval: interval, about: "RED figures of services, one row a service, side and endpoint.")
  }

  private static func applicationMap(
    interval: UInt32, suffix: String, hours: UInt32
  ) -> TableDeclaration {
    TableDeclaration(
      database: "flow_metrics", name: "application_map." + suffix,
      columns: metricBase + [
        .init("observation_point", .lowCardinalityString, about: "Where it was seen."),
        .init("tag_set_id_0", .uint32, index: .set, about: "Tag set of the client; 0 unknown."),
        .init("tag_set_id_1", .uint32, index: .set, about: "Tag set of the server; 0 unknown."),
        .init("auto_service_id_0", .uint32, index: .set, about: "Client's service by number."),
        .init("auto_service_id_1", .uint32, index: .set, about: "Server's service by number."),
        .init("auto_service_type_0", .uint8, about: "What auto_service_id_0 numbers."),
        .init("auto_service_type_1", .uint8, about: "What auto_service_id_1 numbers."),
        .init("ip_0", .ipv6, about: "Client address, IPv4 mapped."),
        .init("ip_1", .ipv6, about: "Server address, IPv4 mapped."),
      ] + metricKey + metricFigures,
      orderBy: ["time", "auto_service_id_1", "auto_service_id_0", "server_port"],
      partitionSeconds: interval == 1 ? 14_400 : 43_200, retentionHours: hours,
      interval: interval, about: "RED figures of calls, one row a client, server and endpoint.")
  }

  private static let metricBase: [ColumnDeclaration] = [
    .init("time", .dateTime, codec: .doubleDelta, about: "Start of the interval."),
    .init("agent_id", .uint16, about: "The agent that counted."),
    .init("signal_source", .uint8, about: "Data plane: 0 packet, 3 eBPF, 4 OTel."),
  ]

  private static let metricKey: [ColumnDeclaration] = [
    .init("is_ipv4", .uint8, about: "1 when the addresses are IPv4."),
    .init("protocol", .uint8, about: "IP protocol number."),
    .init("server_port", .uint16, about: "Server's port."),
    .init("l7_protocol", .uint8, index: .set, about: "Application protocol by number."),
    .init("endpoint", .lowCardinalityString, about: "The resource folded to its kind."),
    .init("app_service", .lowCardinalityString, about: "Service name an SDK gave."),
    .init("app_instance", .lowCardinalityString, about: "Instance name an SDK gave."),
  ]

  private static let metricFigures: [ColumnDeclaration] = [
    .init("direction_score", .uint8, about: "How sure client and server are, 0 to 255."),
    .init("request", .uint64, codec: .transposed, about: "Requests."),
    .init("response", .uint64, codec: .transposed, about: "Responses."),
    .init("client_error", .uint64, codec: .transposed, about: "Responses that blame the client."),
    .init("server_error", .uint64, codec: .transposed, about: "Responses that blame the server."),
    .init("timeout", .uint64, codec: .transposed, about: "Requests without an answer in time."),
    .init("error", .uint64, codec: .transposed, about: "client_error + server_error."),
    .init("rrt_sum", .uint64, codec: .transposed, about: "Sum of response times, us."),
    .init("rrt_count", .uint64, codec: .transposed, about: "Response times in rrt_sum."),
    .init("rrt_max", .uint64, codec: .transposed, about: "Longest response time, us."),
  ]
}
