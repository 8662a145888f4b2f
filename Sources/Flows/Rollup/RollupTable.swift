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
  /// The most rows of an interval since room was given back.
  private var peak = 0

  var isEmpty: Bool { rows.isEmpty }
  var footprint: Int {
    rows.heldBytes + hashes.heldBytes + text.heldBytes + index.footprint
  }
  /// Bytes of all endpoints.
  var textCount: Int { text.count }

  /// Adds `figures` to the row of their key, whose hash with `endpoint` is `hash`. Without room for
  /// one more endpoint it is the row of no endpoint, then that of the server and no client, and at last
  /// that of the others, which has no ends; there always is one. The last eighth of `limit` rows is for
  /// those without an endpoint, the last half of that for those without a client. False when it
  /// was the last.
  mutating func add(
    _ figures: inout CallMetric, endpoint: Span<UInt8>, hash: UInt32, limit: Int, seed: UInt64
  ) -> Bool {
    if let found = find(&figures, endpoint: endpoint, hash: hash) {
      rows[found].add(&figures)
      return true
    }
    if rows.count < limit - limit / (endpoint.isEmpty ? 16 : 8) {
      insert(figures, endpoint: endpoint, hash: hash)
      return true
    }
    if !endpoint.isEmpty {
      let none = Span<UInt8>()
      let hash = figures.hash(endpoint: none, seed)
      return add(&figures, endpoint: none, hash: hash, limit: limit, seed: seed)
    }
    figures.client = .nobody
    if addFolded(&figures, limit: limit, seed: seed) { return true }
    figures.server = .nobody
    _ = addFolded(&figures, limit: .max, seed: seed)
    return false
  }

  /// Adds to a row without an endpoint, which may be the last of so many; whether there is room.
  private mutating func addFolded(
    _ figures: inout CallMetric, limit: Int, seed: UInt64
  ) -> Bool {
    let none = Span<UInt8>()
    let hash = figures.hash(endpoint: none, seed)
    if let found = find(&figures, endpoint: none, hash: hash) {
      rows[found].add(&figures)
    } else {
      guard rows.count < limit else { return false }
      insert(figures, endpoint: none, hash: hash)
    }
    return true
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

  /// Gives back what no interval needed since it was called last, or all that holds nothing.
  mutating func giveBack(everything: Bool) {
    defer { peak = rows.count }
    guard rows.isEmpty, everything || (rows.capacity > 256 && peak * 8 < rows.capacity) else {
      return
    }
    rows = []
    hashes = []
    text = []
    index = SlotIndex()
  }

  /// Forgets all rows; and what more rows took once, when there were few.
  mutating func removeAll() {
    guard !rows.isEmpty else { return }
    peak = max(peak, rows.count)
    rows.empty()
    hashes.empty()
    text.empty(above: 16_384)
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

  /// The hash of its key and an endpoint.
  @inline(__always)
  func hash(endpoint: Span<UInt8>, _ seed: UInt64) -> UInt32 {
    var hash = Hash(seed: seed)
    combineKey(into: &hash)
    hash.combine(endpoint)
    return hash.value
  }

  @inline(__always)
  private func combineKey(into hash: inout Hash) {
    hash.combine(client.address)
    hash.combine(server.address)
    hash.combine(client.process)
    hash.combine(server.process)
    hash.combine(
      UInt64(server.port) << 32 | UInt64(observationPoint.rawValue) << 24
        | UInt64(applicationProtocol.rawValue) << 16 | UInt64(transport.rawValue))
  }
}

extension CallEnd {
  /// Stands for all ends that found no room for a row of their own.
  fileprivate static var nobody: CallEnd { CallEnd(address: .unspecified, port: 0) }
}
