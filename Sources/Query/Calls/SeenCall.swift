// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Storage
internal import Telemetry

/// What tells the record of a call from those of other calls, at whatever point it was made.
struct SeenCall: Hashable, Sendable {
  var id: UInt64
  var agent: UInt64
  var point: String
  /// Microseconds, by the clock of the agent's host.
  var start: Int64
  /// Microseconds; nil when only one half was seen.
  var duration: UInt64?
  var application: UInt64
  var transport: UInt64
  /// Of the first byte of request and response; 0 unknown.
  var requestSequence: UInt64
  var responseSequence: UInt64
  /// Addresses and ports of both ends.
  var ends: [Value]
  var requestID: UInt64?
  /// What was asked for, roughly; the same id may be asked for two things at once.
  var question: [Value]
  var server: Value
  /// Whether the server is known by its process.
  var namesServer: Bool

  /// Microseconds that clocks of two hosts are apart at most.
  private static let clocks: Int64 = 60_000_000
  /// Microseconds after which the request id of a datagram may mean another call.
  private static let identifiers: Int64 = 5_000_000

  static let columns =
    "_id, time, agent_id, observation_point, start_time, type, response_duration, l7_protocol, "
    + "protocol, req_tcp_seq, resp_tcp_seq, ip_0, client_port, ip_1, server_port, request_id, "
    + "request_type, request_domain, auto_service_1, auto_service_type_1"
  static let columnCount = 20

  /// The second that the row lies in.
  var second: Int64 { Int64(id >> 32) }

  var place: Int { Self.place(of: point) }

  static func place(of point: String) -> Int { ObservationPoint.place(onTheWay: point) }

  /// Whether two records are of one call. Addresses may be translated between two points, so they
  /// count only where the sequence numbers do not say it all.
  func isSameCall(as other: SeenCall) -> Bool {
    if id == other.id { return true }
    guard application == other.application, transport == other.transport,
      abs(start - other.start) <= Self.clocks
    else { return false }
    let request = Self.agree(requestSequence, other.requestSequence)
    let response = Self.agree(responseSequence, other.responseSequence)
    switch (request, response) {
    case (false, _), (_, false): return false
    case (true, true): return true
    case (true, nil), (nil, true): return ends == other.ends
    case (nil, nil): return isSameDatagram(as: other)
    }
  }

  private func isSameDatagram(as other: SeenCall) -> Bool {
    requestSequence == 0 && responseSequence == 0 && other.requestSequence == 0
      && other.responseSequence == 0 && requestID != nil && requestID == other.requestID
      && ends == other.ends && question == other.question
      && abs(start - other.start) <= Self.identifiers
      // Asked again with the same id is another call.
      && (agent != other.agent || point != other.point)
  }

  /// Nil where one of them is not known.
  private static func agree(_ one: UInt64, _ other: UInt64) -> Bool? {
    one == 0 || other == 0 ? nil : one == other
  }

  /// Whether this record lies nearer to the client, or around the other.
  func precedes(_ other: SeenCall) -> Bool {
    if place != other.place { return place < other.place }
    if duration != other.duration { return (duration ?? 0) > (other.duration ?? 0) }
    return (start, id) < (other.start, other.id)
  }
}

extension SeenCall {
  /// Nil for a row of other columns than ``columns``.
  init?(_ row: ArraySlice<Value>) {
    let row = Array(row)
    guard row.count == Self.columnCount, let point = row[3].string else { return nil }
    id = row[0].number
    agent = row[2].number
    self.point = point
    start = Int64(clamping: row[4].number)
    duration = row[5].number == UInt64(CallKind.session.rawValue) ? row[6].number : nil
    application = row[7].number
    transport = row[8].number
    requestSequence = row[9].number
    responseSequence = row[10].number
    ends = Array(row[11...14])
    requestID = row[15] == .null ? nil : row[15].number
    question = Array(row[16...17])
    server = row[18]
    namesServer = ServiceEntry.Kind(rawValue: UInt8(clamping: row[19].number)).isNamed
  }
}

/// Records, to be found by the call that they are of.
struct SeenCalls {
  private var bySequence: [UInt64: [SeenCall]] = [:]
  private var byIdentifier: [UInt64: [SeenCall]] = [:]

  init(_ records: some Sequence<SeenCall>) {
    for record in records {
      for key in Self.keys(record) { bySequence[key, default: []].append(record) }
      if let key = Self.identifier(record) { byIdentifier[key, default: []].append(record) }
    }
  }

  /// Every record of the call that `record` is of, itself among them, in the order of the way.
  func all(of record: SeenCall) -> [SeenCall] {
    var found: [UInt64: SeenCall] = [record.id: record]
    let near =
      Self.keys(record).flatMap { bySequence[$0] ?? [] }
      + (Self.identifier(record).flatMap { byIdentifier[$0] } ?? [])
    for other in near where other.isSameCall(as: record) { found[other.id] = other }
    return found.values.sorted { $0.precedes($1) }
  }

  /// Requests and responses have keys of their own.
  static func keys(_ record: SeenCall) -> [UInt64] {
    var keys: [UInt64] = []
    if record.requestSequence != 0 { keys.append(record.requestSequence) }
    if record.responseSequence != 0 { keys.append(record.responseSequence | 1 << 32) }
    return keys
  }

  static func identifier(_ record: SeenCall) -> UInt64? {
    record.requestSequence == 0 && record.responseSequence == 0 ? record.requestID : nil
  }
}
