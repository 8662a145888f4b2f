// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// When what a watch tells came to be.
///
/// Events carry no time of their own. As long as a watch is open they come at once, so that the time
/// of their arrival is right. Behind a break, what happened meanwhile comes in one go: its time then
/// lies between the last sign of life before the break and the new watch, and the object's own times
/// say where, to the second.
struct EventTimes: Sendable {
  /// Shorter breaks are as good as none.
  private static let shortest: Int64 = 1_000_000_000

  /// The last sign of life: everything up to then was told.
  private var lastHeard: Timestamp?
  private var listBegan = Timestamp(nanoseconds: 0)
  /// What lies between these two is being told.
  private var gap: (from: Timestamp, to: Timestamp)?

  mutating func listBegins(at time: Timestamp) {
    listBegan = time
  }

  /// - Returns: the last sign of life before the list.
  mutating func listEnds() -> Timestamp? {
    defer { lastHeard = listBegan }
    return lastHeard
  }

  mutating func watchOpens(at now: Timestamp) {
    gap = nil
    if let lastHeard, now - lastHeard > Self.shortest { gap = (lastHeard, now) }
  }

  /// Everything before a bookmark was told.
  mutating func bookmark(at now: Timestamp) {
    gap = nil
    lastHeard = now
  }

  mutating func time(of line: WatchLine, at now: Timestamp) -> Timestamp {
    guard let gap else {
      lastHeard = now
      return now
    }
    let object = line.received.object.metadata
    let own = line.kind == .added ? object.created : line.kind == .deleted ? object.deletion : nil
    let told = [own, object.touched].compactMap { $0 }.filter { $0 <= now }.max()
    if let told, told + Self.shortest >= gap.to {
      self.gap = nil
      lastHeard = now
      return now
    }
    // Of the end of something it is only known that it was there before; of a change, that it is now.
    guard let time = told ?? (line.kind == .deleted ? gap.from : nil) else { return now }
    self.gap = (max(gap.from, time), gap.to)
    lastHeard = max(gap.from, time)
    return max(gap.from, time)
  }
}
