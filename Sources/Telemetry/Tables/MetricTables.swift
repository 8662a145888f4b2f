// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_metrics.application.1s`: RED figures of each service and endpoint, seen from its own side.
  package static let applicationSecond = calls.services(.second)
  package static let applicationMinute = calls.services(.minute)
  /// `flow_metrics.application_map.1s`: RED figures of each pair of client and server.
  package static let applicationMapSecond = calls.pairs(.second)
  package static let applicationMapMinute = calls.pairs(.minute)
  /// `flow_metrics.network.1s`: traffic and TCP health of each service, from its own side.
  package static let networkSecond = packets.services(.second)
  package static let networkMinute = packets.services(.minute)
  /// `flow_metrics.network_map.1s`: traffic and TCP health of each pair of client and server.
  package static let networkMapSecond = packets.pairs(.second)
  package static let networkMapMinute = packets.pairs(.minute)
  /// The same by the hour and by the day, made of the minutes.
  package static let longMetrics: [TableDeclaration] = [calls, packets].flatMap { meter in
    [.hour, .day].flatMap { [meter.services($0), meter.pairs($0)] }
  }

  private static let calls = Meter(
    name: "application", key: endpoint, figures: figures(.uint64, of: CallMetric.self),
    aboutServices: "RED figures of services, one row a service, side and endpoint.",
    aboutPairs: "RED figures of calls, one row a client, server and endpoint.")

  private static let packets = Meter(
    name: "network", pairKey: [tunnelType],
    figures: figures(.uint64, of: NetworkMetric.self),
    aboutServices:
      "Traffic and TCP health, one row a service and side; tx is what the service sent.",
    aboutPairs:
      "Traffic and TCP health, one row a client and server; tx is what the client sent.")

  private static let endpoint: [ColumnDeclaration] = [
    applicationProtocol,
    .init("endpoint", .lowCardinalityString, about: "The resource folded to its kind."),
    .init("app_service", .lowCardinalityString, about: "Service name an SDK gave."),
    .init("app_instance", .lowCardinalityString, about: "Instance name an SDK gave."),
  ]
}

/// What is measured, and the tables that hold it: of each service or of each pair of client and server,
/// by the second, minute, hour or day.
private struct Meter {
  struct Interval {
    var seconds: UInt32
    var suffix: String
    /// See ``TableDeclaration/spanSeconds``.
    var spanSeconds: UInt32
    var partitionSeconds: UInt32
    var retentionHours: UInt32
    /// Ends the name of the table whose rows are folded; nil where agents tell the rows.
    var source: String?

    static let second = Interval(
      seconds: 1, suffix: ".1s", spanSeconds: 300, partitionSeconds: 14_400, retentionHours: 24)
    static let minute = Interval(
      seconds: 60, suffix: ".1m", spanSeconds: 3_600, partitionSeconds: 43_200,
      retentionHours: 168)
    static let hour = Interval(
      seconds: 3_600, suffix: ".1h", spanSeconds: 86_400, partitionSeconds: 604_800,
      retentionHours: 2_160, source: ".1m")
    static let day = Interval(
      seconds: 86_400, suffix: ".1d", spanSeconds: 2_592_000, partitionSeconds: 2_592_000,
      retentionHours: 8_760, source: ".1m")
  }

  var name: String
  /// What rows are told apart by, besides their ends; and besides those, in two-sided tables.
  var key: [ColumnDeclaration] = []
  var pairKey: [ColumnDeclaration] = []
  var figures: [ColumnDeclaration]
  var aboutServices: String
  var aboutPairs: String

  func services(_ interval: Interval) -> TableDeclaration {
    table(
      name, interval, whom: TableDeclaration.owner,
      orderBy: ["auto_service_id", "time"], about: aboutServices)
  }

  func pairs(_ interval: Interval) -> TableDeclaration {
    let point = ColumnDeclaration(
      "observation_point", .lowCardinalityString, about: "Where it was seen.")
    return table(
      name + "_map", interval, whom: [point] + pairKey + TableDeclaration.pair(),
      orderBy: ["auto_service_id_1", "time"],
      about: aboutPairs)
  }

  private func table(
    _ name: String, _ interval: Interval, whom: [ColumnDeclaration], orderBy: [String],
    about: String
  ) -> TableDeclaration {
    let port = ColumnDeclaration("server_port", .uint16, about: "Server's port; 0 for ICMP.")
    return TableDeclaration(
      database: "flow_metrics", name: name + interval.suffix,
      version: interval.source == nil ? 2 : 1,
      columns: TableDeclaration.metricSighting + whom + TableDeclaration.transport + [port] + key
        + [TableDeclaration.directionScore] + figures,
      orderBy: orderBy, spanSeconds: interval.spanSeconds,
      partitionSeconds: interval.partitionSeconds,
      retentionHours: interval.retentionHours, interval: interval.seconds,
      derivedFrom: interval.source.map { name + $0 }, about: about)
  }
}
