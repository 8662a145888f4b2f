// SPDX-License-Identifier: Apache-2.0

/// How far the clock of a host is from that of the host where a trace was entered.
package struct ClockShift: Hashable, Sendable {
  package var agent: UInt64
  /// Microseconds that were added to its times.
  package var shift: Int64
}

/// Brings the clocks of several hosts together, by the calls that two of them saw.
///
/// Who is nearer to the server saw the request later and the response earlier. Where the times say
/// otherwise the clocks differ; then the shift is the one that lies in the middle of those that every
/// call between the two allows. A clock that contradicts nothing is left alone.
struct HostClocks: Hashable, Sendable {
  private(set) var shifts: [UInt64: Int64] = [:]

  /// Two hosts, the one with the lower number first.
  private struct Pair: Hashable {
    var first: UInt64
    var second: UInt64
  }

  /// Which shifts of the second host the calls allow.
  private struct Room {
    var least = Int64.min
    var most = Int64.max
    var middles: [Int64] = []

    /// What must be added to times of the second host once those of the first are shifted by `first`:
    /// nothing, where no call contradicts that. Calls that contradict each other are outvoted.
    func shift(after first: Int64) -> Int64 {
      guard least <= most else { return first + middles.sorted()[middles.count / 2] }
      let (low, high) = (first + least, first + most)
      return low <= 0 && 0 <= high ? 0 : low + (high - low) / 2
    }

    var reversed: Room { Room(least: -most, most: -least, middles: middles.map { -$0 }) }
  }

  init(_ calls: [TraceCall], from origin: UInt64) {
    var rooms: [Pair: Room] = [:]
    // What a server says unasked goes the other way.
    for call in calls where call.records.count > 1 && !call.isReversed {
      for (outer, inner) in zip(call.records, call.records.dropFirst())
      where outer.agent != inner.agent && outer.agent != 0 && inner.agent != 0 {
        guard outer.seen.duration != nil, inner.seen.duration != nil else { continue }
        let (least, most) = (outer.start - inner.start, outer.end - inner.end)
        // The inner one took longer: one of the two is not what it seems.
        guard least <= most else { continue }
        let isOrdered = outer.agent < inner.agent
        let pair = Pair(
          first: min(outer.agent, inner.agent), second: max(outer.agent, inner.agent))
        var room = rooms[pair] ?? Room()
        room.least = max(room.least, isOrdered ? least : -most)
        room.most = min(room.most, isOrdered ? most : -least)
        let middle = least + (most - least) / 2
        room.middles.append(isOrdered ? middle : -middle)
        rooms[pair] = room
      }
    }
    spread(rooms, from: origin)
  }

  /// From host to host, the one of the entry first; hosts that nothing joins keep their clocks.
  private mutating func spread(_ rooms: [Pair: Room], from origin: UInt64) {
    var neighbours: [UInt64: [(agent: UInt64, room: Room)]] = [:]
    for (pair, room) in rooms {
      neighbours[pair.first, default: []].append((pair.second, room))
      neighbours[pair.second, default: []].append((pair.first, room.reversed))
    }
    let hosts = neighbours.keys.sorted()
    var total: [UInt64: Int64] = [:]
    for first in (neighbours[origin] == nil ? [] : [origin]) + hosts where total[first] == nil {
      total[first] = 0
      var queue = [first]
      while let host = queue.popLast() {
        for next in (neighbours[host] ?? []).sorted(by: { $0.agent < $1.agent })
        where total[next.agent] == nil {
          total[next.agent] = next.room.shift(after: total[host] ?? 0)
          queue.append(next.agent)
        }
      }
    }
    shifts = total.filter { $0.value != 0 }
  }

  func start(_ record: TraceRecord) -> Int64 { record.start + (shifts[record.agent] ?? 0) }
  func end(_ record: TraceRecord) -> Int64 { record.end + (shifts[record.agent] ?? 0) }

  /// In the order of the agents.
  var told: [ClockShift] {
    shifts.map { ClockShift(agent: $0.key, shift: $0.value) }.sorted { $0.agent < $1.agent }
  }
}
