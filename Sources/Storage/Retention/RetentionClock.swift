// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Which time to believe when rows are dropped for their age. Pure.
///
/// A clock that is set days ahead looks like days gone by, and what it makes too old would be gone for
/// good. So a leap is believed only after a while, in which a person can put the clock right, and time
/// goes on meanwhile as it did before.
package struct RetentionClock: Hashable, Sendable {
  /// A clock that gains more than this between two rounds has leapt, and seconds until that is
  /// believed.
  package static let leap: Int64 = 600
  package static let holdSeconds: Int64 = 3_600

  private struct Reading: Hashable {
    var wall: Int64
    var uptime: Int64
  }

  private var last: Reading?
  /// Where the believed time ran on from, while a leap is not believed.
  private var held: Reading?
  private var heldSince: Int64 = 0

  package init() {}

  /// Whether a leap is being waited out.
  package var isHeld: Bool { held != nil }

  /// The time to believe, in seconds since the epoch.
  ///
  /// - Parameters:
  ///   - wall: the clock, in seconds since the epoch.
  ///   - uptime: seconds of a clock that nobody sets.
  ///   - newestRow: of what is stored; at the first call, what the clock is measured by.
  package mutating func now(wall: Int64, uptime: Int64, newestRow: Int64?) -> Timestamp {
    defer { last = Reading(wall: wall, uptime: uptime) }
    if let held {
      let believed = held.wall + uptime - held.uptime
      if wall <= believed + Self.leap || uptime - heldSince >= Self.holdSeconds {
        self.held = nil
        return Timestamp(seconds: wall)
      }
      return Timestamp(seconds: believed)
    }
    // A server that starts a day behind its newest row was away, or has a clock that is wrong.
    let reference =
      last ?? newestRow.map { Reading(wall: $0 + 86_400, uptime: uptime) }
    guard let reference, wall > reference.wall + (uptime - reference.uptime) + Self.leap else {
      return Timestamp(seconds: wall)
    }
    held = reference
    heldSince = uptime
    return Timestamp(seconds: reference.wall + uptime - reference.uptime)
  }
}
