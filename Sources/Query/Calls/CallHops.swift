// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Storage
internal import Telemetry

/// A call as one observation point saw it, on its way from the client's process to the server's.
package struct CallHop: Hashable, Sendable {
  /// `_id` of the row in `flow_log.l7_flow_log`.
  package var id: UInt64
  package var agent: UInt64
  package var signalSource: UInt64
  package var observationPoint: String
  package var flow: UInt64
  /// Microseconds since the epoch, by the clock of the agent's host.
  package var start: Int64
  package var end: Int64
  /// Microseconds from request to response; nil when only one of the two was seen.
  package var duration: Int64?
  /// What is not spent behind the next hop: this duration minus the next one's, microseconds. Nil
  /// where either is unknown, and on the last hop. Below zero when clocks of one host jump.
  package var network: Int64?
  package var clientAddress: String
  package var clientPort: UInt64
  package var serverAddress: String
  package var serverPort: UInt64
  package var clientService: String
  package var serverService: String
}

extension QueryService {
  /// Seconds around a call in which others may have seen it: clocks differ.
  static let clockSeconds: Int64 = 60
  /// Most hops answered.
  private static let mostHops = 64

  /// Every record of the call in row `id`, in the order of its path.
  ///
  /// Records belong together when protocol and TCP sequence numbers of request and response agree,
  /// which addresses need not (NAT); with only one number known, when addresses and ports agree too.
  /// Calls without either (UDP) are told by addresses, ports and the protocol's own request id.
  ///
  /// - Returns: Empty when there is no such row.
  package func hops(
    of id: UInt64, directory: any TagDirectory
  ) async throws(QueryError) -> [CallHop] {
    let second = Int64(id >> 32)
    let found = try await run(
      "SELECT \(Self.identity) FROM flow_log.l7_flow_log WHERE time = \(second) AND _id = \(id)",
      directory: directory)
    guard let row = found.rows.first, let call = CallIdentity(row) else { return [] }
    let answer = try await run(
      "SELECT \(Self.columns) FROM flow_log.l7_flow_log "
        + "WHERE time >= \(max(0, second - Self.clockSeconds)) "
        + "AND time <= \(second + Self.clockSeconds) AND \(call.condition(id: id)) "
        + "ORDER BY start_time LIMIT \(Self.mostHops)", directory: directory)
    return Self.path(answer.rows.compactMap(CallHop.init(row:)))
  }

  private static let identity =
    "l7_protocol, protocol, req_tcp_seq, resp_tcp_seq, ip_0, client_port, ip_1, server_port, "
    + "request_id, start_time"
  private static let columns =
    "_id, agent_id, signal_source, observation_point, flow_id, start_time, end_time, type, "
    + "response_duration, ip_0, client_port, ip_1, server_port, auto_service_0, auto_service_1"

  /// Hops in the order of their places, with the time between neighbours.
  static func path(_ hops: [CallHop]) -> [CallHop] {
    var path = hops.sorted { left, right in
      let (first, second) = (left.place, right.place)
      if first != second { return first < second }
      // The same place twice: the longer one encloses the other.
      if left.duration != right.duration { return (left.duration ?? 0) > (right.duration ?? 0) }
      return (left.start, left.id) < (right.start, right.id)
    }
    for index in path.indices.dropLast() {
      guard let outer = path[index].duration, let inner = path[index + 1].duration else { continue }
      path[index].network = outer - inner
    }
    return path
  }
}

/// What tells a call apart from others at every observation point.
private struct CallIdentity {
  var application: UInt64
  var transport: UInt64
  var requestSequence: UInt64
  var responseSequence: UInt64
  var clientAddress: String
  var clientPort: UInt64
  var serverAddress: String
  var serverPort: UInt64
  var requestID: UInt64?
  var start: UInt64

  init?(_ row: [Value]) {
    guard row.count == 10, let client = row[4].string, let server = row[6].string else {
      return nil
    }
    application = row[0].number
    transport = row[1].number
    requestSequence = row[2].number
    responseSequence = row[3].number
    clientAddress = client
    clientPort = row[5].number
    serverAddress = server
    serverPort = row[7].number
    requestID = row[8] == .null ? nil : row[8].number
    start = row[9].number
  }

  func condition(id: UInt64) -> String {
    let kind = "l7_protocol = \(application) AND protocol = \(transport)"
    let ends =
      "ip_0 = '\(clientAddress)' AND client_port = \(clientPort) "
      + "AND ip_1 = '\(serverAddress)' AND server_port = \(serverPort)"
    switch (requestSequence, responseSequence) {
    case (0, 0):
      guard let requestID else { return "_id = \(id)" }
      let near = "start_time >= \(start &- 5_000_000) AND start_time <= \(start &+ 5_000_000)"
      return "\(kind) AND \(ends) AND request_id = \(requestID) AND \(near)"
    case (let request, 0):
      return "\(kind) AND \(ends) AND req_tcp_seq = \(request)"
    case (0, let response):
      return "\(kind) AND \(ends) AND resp_tcp_seq = \(response)"
    case (let request, let response):
      // Where one half was not seen, the other one and the ends must do.
      return "\(kind) AND ((req_tcp_seq = \(request) AND resp_tcp_seq = \(response)) "
        + "OR (\(ends) AND ((req_tcp_seq = \(request) AND resp_tcp_seq = 0) "
        + "OR (req_tcp_seq = 0 AND resp_tcp_seq = \(response)))))"
    }
  }
}

extension CallHop {
  fileprivate init?(row: [Value]) {
    guard row.count == 15, let point = row[3].string, let client = row[9].string,
      let server = row[11].string
    else { return nil }
    id = row[0].number
    agent = row[1].number
    signalSource = row[2].number
    observationPoint = point
    flow = row[4].number
    start = Int64(clamping: row[5].number)
    end = Int64(clamping: row[6].number)
    duration = row[7].number == 2 ? Int64(clamping: row[8].number) : nil
    clientAddress = client
    clientPort = row[10].number
    serverAddress = server
    serverPort = row[12].number
    clientService = row[13].string ?? ""
    serverService = row[14].string ?? ""
  }

  /// How far along the way from client to server.
  fileprivate var place: Int { ObservationPoint.place(onTheWay: observationPoint) }
}
