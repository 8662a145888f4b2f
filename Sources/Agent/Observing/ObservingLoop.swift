// SPDX-License-Identifier: Apache-2.0

import Glibc
import Telemetry

/// The work of a thread that watches something: made, stepped and finished on that thread alone.
protocol ObservingLoop: ~Copyable, SendableMetatype {
  /// What others are told of it.
  associatedtype Report: Sendable

  /// The longest that one round waits, milliseconds.
  static var longestWait: Int32 { get }

  /// Read once, before the first step.
  var report: Report { get }
  var pace: FlushPace { get set }
  /// Whether so much was fed that a batch is taken before its time, so that it stays inside a frame's
  /// bounds.
  var isBatchFull: Bool { get }

  /// Takes what is there into the pipeline; waits for it at most so long.
  mutating func drain(waiting milliseconds: Int32)

  /// Tells the pipeline the time.
  mutating func flush(now: Timestamp)

  /// Tells the pipeline that nothing will follow.
  mutating func end(now: Timestamp)

  /// Counts what was done and looks at how things are, after a flush, once a second and at the end.
  mutating func eachSecond(_ now: Timestamp)

  /// Hands on what the pipeline made.
  mutating func handOn(_ now: Timestamp)
}

extension ObservingLoop where Self: ~Copyable {
  /// One round.
  mutating func step() {
    drain(waiting: Self.longestWait)
    let now = Timestamp.timeOfDay()
    if pace.isDue(now) {
      flush(now: now)
      if pace.isNewSecond(now) { eachSecond(now) }
      handOn(now)
    } else if isBatchFull {
      handOn(now)
    }
  }

  /// Takes what is left and hands on everything.
  mutating func finish() {
    drain(waiting: 0)
    let now = Timestamp.timeOfDay()
    end(now: now)
    eachSecond(now)
    handOn(now)
  }
}

/// When a loop flushes.
struct FlushPace {
  private let interval: Int64
  private var lastFlush: Int64 = 0
  private var lastSecond: Int64 = 0

  init(_ configuration: AgentConfiguration) {
    interval = Int64(configuration.flushInterval) * 1_000_000
  }

  /// Whether the interval is over, or the clock was set back.
  mutating func isDue(_ now: Timestamp) -> Bool {
    guard now.nanoseconds - lastFlush >= interval || now.nanoseconds < lastFlush else {
      return false
    }
    lastFlush = now.nanoseconds
    return true
  }

  /// Makes the next flush due.
  mutating func hurry() { lastFlush = 0 }

  mutating func isNewSecond(_ now: Timestamp) -> Bool {
    defer { lastSecond = now.seconds }
    return now.seconds != lastSecond
  }
}

extension Timestamp {
  static func timeOfDay() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }
}
