// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Which flows, and how many of them in which order.
package struct FlowFilter: Hashable, Sendable {
  /// What flows can be sorted by: columns of the log.
  package static let sorts = [
    "time", "start_time", "client", "server", "transport", "application", "close_type", "duration",
    "byte_tx", "byte_rx", "packet_tx", "packet_rx", "rtt", "rtt_client", "rtt_server", "retrans",
    "zero_win", "ooo", "request_domain", "capture_nic_name",
  ]
  private static let columns = [
    "client": "auto_service_0", "server": "auto_service_1", "transport": "protocol",
    "application": "l7_protocol",
  ]

  /// How flows ended.
  package enum Ending: Hashable, Sendable {
    /// TCP connections that failed, in the handshake or after it.
    case failed
    /// A number of `close_type`.
    case type(UInt8)
  }

  /// Seconds since the epoch, both included.
  package var time: ClosedRange<Int64>
  package var service: String?
  package var client: String?
  package var server: String?
  /// Of either end.
  package var address: String?
  package var port: UInt16?
  /// A name of `protocol`.
  package var transport: String?
  package var ending: Ending?
  /// Microseconds of the handshake's round trip.
  package var leastRoundTrip: UInt64?
  package var flow: UInt64?
  package var connection: CallFilter.Connection?
  /// Also what MetaFlow's own programs do.
  package var includesOwn = false
  /// Nil: the records of a flow are one. Else each record is told by itself: of one observation
  /// point, or of all where this is empty.
  package var point: String?
  package var sort = "time"
  package var isDescending = true
  package var limit = 300

  package init(time: ClosedRange<Int64>) {
    self.time = time
  }

  /// The close types that are failures of a TCP connection.
  static let failures: [CloseType] = [
    .serverReset, .timeout, .serverSynAckMissing, .clientReset, .clientAckMissing, .clientPortReuse,
    .serverRefused, .serverQueueFull, .clientEstablishReset, .serverEstablishReset,
  ]

  /// The conditions as the dialect has them.
  var conditions: String {
    var all = ["time >= \(time.lowerBound)", "time <= \(time.upperBound)"]
    if let service {
      let name = CallFilter.literal(service)
      all.append("(auto_service_0 = \(name) OR auto_service_1 = \(name))")
    }
    if let client { all.append("auto_service_0 = \(CallFilter.literal(client))") }
    if let server { all.append("auto_service_1 = \(CallFilter.literal(server))") }
    if let address {
      let text = CallFilter.literal(address)
      all.append("(ip_0 = \(text) OR ip_1 = \(text))")
    }
    if let port { all.append("server_port = \(port)") }
    if let transport { all.append("Enum(protocol) = \(CallFilter.literal(transport))") }
    switch ending {
    case .failed:
      let types = Self.failures.map { "\($0.rawValue)" }.joined(separator: ", ")
      all.append("close_type IN (\(types)) AND Enum(protocol) = 'TCP'")
    case .type(let number): all.append("close_type = \(number)")
    case nil: break
    }
    if let leastRoundTrip { all.append("rtt >= \(leastRoundTrip)") }
    if let flow { all.append("flow_id = \(flow)") }
    if let connection { all.append(CallFilter.condition(connection)) }
    if let point, !point.isEmpty {
      all.append("observation_point = \(CallFilter.literal(point))")
    }
    if leavesOwnOut {
      all.append("auto_service_1 NOT IN \(CallFilter.list(CallFilter.ownPrograms))")
    }
    return all.joined(separator: " AND ")
  }

  /// Who names one of them, or a connection, wants it.
  private var leavesOwnOut: Bool {
    let isNamed = [service, client, server].contains { name in
      name.map(CallFilter.ownPrograms.contains) ?? false
    }
    return !includesOwn && !isNamed && connection == nil
  }

  /// The records that pass, in the order wanted.
  func statement(records: Int) -> String {
    let way = isDescending ? "DESC" : "ASC"
    let column = Self.columns[sort] ?? sort
    let order = sort == "time" ? "time \(way), end_time \(way)" : "\(column) \(way), time DESC"
    return "SELECT \(Self.shown), \(SeenFlow.columns) FROM flow_log.l4_flow_log "
      + "WHERE \(conditions) ORDER BY \(order) LIMIT \(records)"
  }

  /// The columns of an answer, but for `points`.
  static let shown =
    "toString(_id) AS id, time, start_time, end_time, toString(flow_id) AS flow, "
    + "auto_service_0 AS client, auto_service_1 AS server, ip_0, ip_1, client_port, server_port, "
    + "Enum(protocol) AS transport, Enum(l7_protocol) AS application, request_domain, close_type, "
    + "Enum(close_type) AS ending, duration, byte_tx, byte_rx, packet_tx, packet_rx, rtt, rtt_client, "
    + "rtt_server, art_sum / art_count AS answer, retrans, zero_win, ooo, syn_seq, "
    + "observation_point, capture_nic_name"
}
