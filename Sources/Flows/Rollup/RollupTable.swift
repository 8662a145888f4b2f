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
  /// Rows that were counted in before, each at the place of its key: most calls are as one before them.
  private var recent = [UInt32](repeating: .max, count: RollupKey.places)
  /// The most rows of an interval since room was given back.
  private var peak = 0

  var isEmpty: Bool { rows.isEmpty }
  var footprint: Int {
    rows.heldBytes + hashes.heldBytes + text.heldBytes + index.footprint
  }
  /// Bytes of all endpoints.
  var textCount: Int { text.count }

  /// Adds a call to the row of its key, whose hash with `endpoint` is `hash`; false when there is none.
  @inline(__always)
  mutating func count(
    _ record: inout CallRecord, _ key: RollupKey, endpoint: Span<UInt8>, hash: UInt32
  ) -> Bool {
    guard let found = find(key, endpoint: endpoint, hash: hash) else { return false }
    recent[key.place(endpoint)] = UInt32(truncatingIfNeeded: found)
    rows[found].count(&record)
    return true
  }

  /// The same without a hash, where a call of the key was counted not long before.
  @inline(__always)
  mutating func countAgain(
    _ record: inout CallRecord, _ key: RollupKey, endpoint: Span<UInt8>
  ) -> Bool {
    let row = Int(recent[key.place(endpoint)])
    guard row < rows.count, rows[row].rollupKey.isSame(as: key), isEndpoint(of: row, endpoint)
    else { return false }
    rows[row].count(&record)
    return true
  }

  /// Adds `figures` to the row of their key, whose hash with `endpoint` is `hash`. Without room for
  /// one more endpoint it is the row of no endpoint, then that of the server and no client, and at last
  /// that of the others, which has no ends; there always is one. The last eighth of `limit` rows is for
  /// those without an endpoint, the last half of that for those without a client. False when it
  /// was the last.
  mutating func add(
    _ figures: inout CallMetric, endpoint: Span<UInt8>, hash: UInt32, limit: Int, seed: UInt64
  ) -> Bool {
    if let found = find(figures.rollupKey, endpoint: endpoint, hash: hash) {
      rows[found].add(&figures)
      return true
    }
    if rows.count < limit - limit / (endpoint.isEmpty ? 16 : 8) {
      insert(figures, endpoint: endpoint, hash: hash)
      return true
    }
    if !endpoint.isEmpty {
      let none = Span<UInt8>()
      let hash = figures.rollupKey.hash(endpoint: none, seed)
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
    let key = figures.rollupKey
    let hash = key.hash(endpoint: none, seed)
    if let found = find(key, endpoint: none, hash: hash) {
      rows[found].add(&figures)
    } else {
      guard rows.count < limit else { return false }
      insert(figures, endpoint: none, hash: hash)
    }
    return true
  }

  @inline(__always)
  private func find(_ key: RollupKey, endpoint: Span<UInt8>, hash: UInt32) -> Int? {
    index.find(hash) { rows[$0].rollupKey.isSame(as: key) && isEndpoint(of: $0, endpoint) }
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

extension CallEnd {
  /// Stands for all ends that found no room for a row of their own.
  fileprivate static var nobody: CallEnd { CallEnd(address: .unspecified, port: 0) }
}
