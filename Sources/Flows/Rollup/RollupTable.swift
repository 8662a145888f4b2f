// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The rows of one interval, by everything that is not a figure.
struct RollupTable {
  /// In order of first appearance, which is the order in which they are emitted.
  private(set) var rows: [CallMetric] = []
  private var hashes: [UInt32] = []
  private var text: [UInt8] = []
  private var index = SlotIndex()
  private let limit: Int
  /// Rows beyond this many are only made without an endpoint.
  private let endpointLimit: Int

  init(limit: Int) {
    self.limit = limit
    endpointLimit = limit - limit / 8
  }

  var isEmpty: Bool { rows.isEmpty }

  /// Adds `figures` to the row of their key, whose hash with `endpoint` is `hash`. Without room for
  /// one more endpoint it is the row of no endpoint; false when there is no room for that either.
  mutating func add(
    _ figures: inout CallMetric, endpoint: Span<UInt8>, hash: UInt32, keyHash: Hash
  ) -> Bool {
    if let found = find(&figures, endpoint: endpoint, hash: hash) {
      rows[found].add(&figures)
      return true
    }
    if rows.count < endpointLimit || (endpoint.isEmpty && rows.count < limit) {
      insert(figures, endpoint: endpoint, hash: hash)
      return true
    }
    guard !endpoint.isEmpty else { return false }
    let none = Span<UInt8>()
    var folded = keyHash
    folded.combine(none)
    return add(&figures, endpoint: none, hash: folded.value, keyHash: keyHash)
  }

  @inline(__always)
  private func find(_ key: inout CallMetric, endpoint: Span<UInt8>, hash: UInt32) -> Int? {
    index.find(hash) { rows[$0].hasKey(of: &key) && isEndpoint(of: $0, endpoint) }
  }

  private func isEndpoint(of row: Int, _ endpoint: Span<UInt8>) -> Bool {
    let kept = rows[row].endpoint
    guard Int(kept.length) == endpoint.count else { return false }
    let start = Int(kept.offset)
    let bytes = text.span.clipped(from: start, to: start + endpoint.count)
    var position = 0
    while position < bytes.count {
      if bytes.word(at: position) != endpoint.word(at: position) { return false }
      position += 8
    }
    return true
  }

  private mutating func insert(_ key: CallMetric, endpoint: Span<UInt8>, hash: UInt32) {
    var row = key
    row.endpoint = .empty
    if !endpoint.isEmpty {
      row.endpoint = Text(offset: UInt32(text.count), length: UInt32(endpoint.count))
      text.append(copying: endpoint)
    }
    index.insert(hash, slot: rows.count)
    rows.append(row)
    hashes.append(hash)
  }

  @_lifetime(borrow self)
  func endpoint(of row: Int) -> Span<UInt8> {
    let kept = rows[row].endpoint
    let start = Int(kept.offset)
    return text.span.clipped(from: start, to: start + Int(kept.length))
  }

  func hash(of row: Int) -> UInt32 { hashes[row] }

  mutating func removeAll() {
    guard !rows.isEmpty else { return }
    rows.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
    index.removeAll()
  }
}

extension CallRecord {
  /// Microseconds from start to end. As ``durationMicroseconds``, which is a call into another module
  /// that copies the record, but does not ask whether it is a measured time.
  @inline(__always)
  var spanMicroseconds: UInt64 {
    mutating get {
      let microseconds = Self.floor(end.nanoseconds) - Self.floor(start.nanoseconds)
      return UInt64(max(0, microseconds))
    }
  }

  @inline(__always)
  private static func floor(_ nanoseconds: Int64) -> Int64 {
    nanoseconds / 1_000 - (nanoseconds % 1_000 < 0 ? 1 : 0)
  }
}

extension CallMetric {
  /// A row of one call, its interval and endpoint left open.
  init(of record: inout CallRecord) {
    var (client, server) = (record.client, record.server)
    (client.port, client.thread, client.threadName) = (0, 0, .empty)
    (server.thread, server.threadName) = (0, .empty)
    self.init(
      time: Timestamp(nanoseconds: 0), interval: 1, observationPoint: record.observationPoint,
      signalSource: record.signalSource, transport: record.transport,
      applicationProtocol: record.applicationProtocol, client: client, server: server)
    directionScore = record.directionScore
    requests = 1
    responses = record.kind.rawValue == CallKind.request.rawValue ? 0 : 1
    let status = record.status.rawValue
    clientErrors = status == ResponseStatus.clientError.rawValue ? 1 : 0
    serverErrors = status == ResponseStatus.serverError.rawValue ? 1 : 0
    timeouts = status == ResponseStatus.timeout.rawValue ? 1 : 0
    if record.hasDuration {
      durationSum = record.spanMicroseconds
      durationMax = durationSum
      durationCount = 1
    }
  }

  @inline(__always)
  func hasKey(of other: inout CallMetric) -> Bool {
    applicationProtocol.rawValue == other.applicationProtocol.rawValue
      && server.port == other.server.port
      && observationPoint.rawValue == other.observationPoint.rawValue
      && client.process.isSame(as: other.client.process)
      && server.process.isSame(as: other.server.process)
      && client.address.isSame(as: other.client.address)
      && server.address.isSame(as: other.server.address)
      && transport.rawValue == other.transport.rawValue
      && signalSource.rawValue == other.signalSource.rawValue
  }

  @inline(__always)
  func combineKey(into hash: inout Hash) {
    hash.combine(client.address)
    hash.combine(server.address)
    hash.combine(client.process)
    hash.combine(server.process)
    hash.combine(
      UInt64(server.port) << 32 | UInt64(observationPoint.rawValue) << 24
        | UInt64(applicationProtocol.rawValue) << 16 | UInt64(transport.rawValue))
  }

  @inline(__always)
  mutating func add(_ other: inout CallMetric) {
    directionScore = max(directionScore, other.directionScore)
    requests &+= other.requests
    responses &+= other.responses
    clientErrors &+= other.clientErrors
    serverErrors &+= other.serverErrors
    timeouts &+= other.timeouts
    durationSum &+= other.durationSum
    durationMax = max(durationMax, other.durationMax)
    durationCount &+= other.durationCount
  }
}
