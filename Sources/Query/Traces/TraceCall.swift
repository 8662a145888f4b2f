// SPDX-License-Identifier: Apache-2.0

/// A call with all records that were made of it, in the order of its way: one node of a trace.
struct TraceCall: Hashable, Sendable {
  var records: [TraceRecord]
  /// Where the records of who made and who served the call stand among them.
  private(set) var clientIndex: Int?
  private(set) var serverIndex: Int?

  init(_ records: [TraceRecord]) {
    self.records = records.sorted { $0.seen.precedes($1.seen) }
    clientIndex = self.records.firstIndex(where: \.isMakers)
    serverIndex = self.records.lastIndex(where: \.isServers)
  }

  /// The record nearest to the client.
  var outer: TraceRecord { records[0] }
  /// The record nearest to the server.
  var inner: TraceRecord { records[records.count - 1] }
  var id: UInt64 { outer.id }
  /// Whether the server said it unasked.
  var isReversed: Bool { outer.isReversed }
  /// At the process of who made it: the client, but of what the server said unasked the server.
  var made: TraceRecord? { clientIndex.map { records[$0] } }
  /// At the process of who served it, likewise.
  var served: TraceRecord? { serverIndex.map { records[$0] } }

  var traces: Set<String> { Set(records.map(\.trace)).subtracting([""]) }

  /// Whether both carry trace ids, and none in common: then only what is exact joins them.
  func isOfAnotherTrace(than other: TraceCall) -> Bool {
    let (one, two) = (traces, other.traces)
    return !one.isEmpty && !two.isEmpty && one.isDisjoint(with: two)
  }

  /// Whether both carry X-Request-IDs, and none in common. Services may make their own, so it speaks
  /// against a guess alone.
  func carriesOtherIdentifiers(than other: TraceCall) -> Bool {
    let identifiers = Set(records.flatMap(\.identifiers))
    let others = Set(other.records.flatMap(\.identifiers))
    return !identifiers.isEmpty && !others.isEmpty && identifiers.isDisjoint(with: others)
  }
}

/// Puts the records of each call together.
struct HopFolding {
  private(set) var calls: [TraceCall] = []
  /// Records that are there twice, as a source that sends again makes them.
  private(set) var duplicates = 0
  private var groups: [[TraceRecord]] = []
  private var bySequence: [UInt64: [Int]] = [:]
  private var byIdentifier: [UInt64: [Int]] = [:]

  /// Calls that share a key, at most, which are looked at for one record.
  private static let mostNear = 64

  /// The order of the records does not matter, and each id counts once.
  init(_ records: [TraceRecord]) {
    var last: UInt64?
    let ordered = records.sorted { ($0.start, $0.id) < ($1.start, $1.id) }
    var known: Set<UInt64> = []
    known.reserveCapacity(records.count)
    for record in ordered where record.id != last && known.insert(record.id).inserted {
      last = record.id
      add(record)
    }
    calls = groups.map(TraceCall.init)
  }

  private mutating func add(_ record: TraceRecord) {
    let keys = SeenCalls.keys(record.seen)
    let identifier = SeenCalls.identifier(record.seen)
    let near =
      keys.flatMap { (bySequence[$0] ?? []).suffix(Self.mostNear) }
      + (identifier.map { (byIdentifier[$0] ?? []).suffix(Self.mostNear) } ?? [])
    var best: (group: Int, distance: Int64)?
    for group in near {
      switch fit(record, in: groups[group]) {
      case .same(let distance):
        if best.map({ (distance, group) < ($0.distance, $0.group) }) ?? true {
          best = (group, distance)
        }
      case .duplicate:
        duplicates += 1
        return
      case .other: break
      }
    }
    let group = best?.group ?? groups.count
    if group == groups.count { groups.append([]) }
    groups[group].append(record)
    for key in keys where bySequence[key]?.last != group {
      bySequence[key, default: []].append(group)
    }
    if let identifier, byIdentifier[identifier]?.last != group {
      byIdentifier[identifier, default: []].append(group)
    }
  }

  private enum Fit {
    /// With the microseconds between its start and the nearest one's.
    case same(Int64)
    case duplicate
    case other
  }

  private func fit(_ record: TraceRecord, in group: [TraceRecord]) -> Fit {
    var distance = Int64.max
    for other in group {
      guard record.seen.isSameCall(as: other.seen) else { return .other }
      let isOnePlace = record.agent == other.agent && record.seen.point == other.seen.point
      if isOnePlace, record.start == other.start, record.end == other.end { return .duplicate }
      // A process makes one record of a call.
      if record.seen.point == other.seen.point, record.isClientProcess || record.isServerProcess {
        return .other
      }
      distance = min(distance, abs(record.start - other.start))
    }
    return .same(distance)
  }
}
