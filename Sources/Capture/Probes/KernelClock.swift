// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Telemetry

/// Turns one of the kernel's clocks into time since the epoch.
///
/// The probes read CLOCK_MONOTONIC, which TCP's own times are in; when a process began is told by
/// CLOCK_BOOTTIME.
///
/// The two clocks tick alike and differ by a constant, except when somebody sets the time. So the
/// difference is kept until a sample contradicts it by more than the sample's own uncertainty:
/// times of one call never jump against each other for the noise of reading clocks.
struct KernelClock: Sendable {
  private let clock: clockid_t
  /// Epoch minus the clock, nanoseconds.
  private(set) var offset: Int64 = 0

  init(_ clock: clockid_t) {
    self.clock = clock
    offset = bestSample().offset
  }

  /// Reads both clocks once and follows a step of the wall clock, or a sleep of the host, in which
  /// only the wall clock goes on. Called once per round.
  mutating func refresh() {
    let sample = sample()
    guard abs(sample.offset &- offset) > sample.width &+ 20_000 else { return }
    offset = bestSample().offset
  }

  func timestamp(_ nanoseconds: UInt64) -> Timestamp {
    Timestamp(nanoseconds: Int64(bitPattern: nanoseconds) &+ offset)
  }

  /// What the clock says now, nanoseconds.
  func now() -> UInt64 { UInt64(bitPattern: Self.now(clock)) }

  private func bestSample() -> (offset: Int64, width: Int64) {
    var best = sample()
    for _ in 0..<4 {
      let next = sample()
      if next.width < best.width { best = next }
    }
    return best
  }

  /// One reading of the wall clock between two of the other; `width` is the time between.
  private func sample() -> (offset: Int64, width: Int64) {
    let before = Self.now(clock)
    let wall = Self.now(CLOCK_REALTIME)
    let after = Self.now(clock)
    return (wall &- before &- (after &- before) / 2, after &- before)
  }

  private static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
