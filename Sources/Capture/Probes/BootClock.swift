// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Telemetry

/// Turns the kernel's boot clock into time since the epoch.
///
/// The two clocks tick alike and differ by a constant, except when somebody sets the time. So the
/// difference is kept until a sample contradicts it by more than the sample's own uncertainty:
/// times of one call never jump against each other for the noise of reading clocks.
struct BootClock: Sendable {
  /// Epoch minus boot, nanoseconds.
  private(set) var offset: Int64 = 0

  init() {
    offset = Self.bestSample().offset
  }

  /// Reads both clocks once and follows a step of the wall clock. Called once per round.
  mutating func refresh() {
    let sample = Self.sample()
    guard abs(sample.offset &- offset) > sample.width &+ 20_000 else { return }
    offset = Self.bestSample().offset
  }

  func timestamp(_ bootNanoseconds: UInt64) -> Timestamp {
    Timestamp(nanoseconds: Int64(bitPattern: bootNanoseconds) &+ offset)
  }

  private static func bestSample() -> (offset: Int64, width: Int64) {
    var best = sample()
    for _ in 0..<4 {
      let next = sample()
      if next.width < best.width { best = next }
    }
    return best
  }

  /// One reading of the wall clock between two of the boot clock; `width` is the time between.
  private static func sample() -> (offset: Int64, width: Int64) {
    let before = now(CLOCK_BOOTTIME)
    let wall = now(CLOCK_REALTIME)
    let after = now(CLOCK_BOOTTIME)
    return (wall &- before &- (after &- before) / 2, after &- before)
  }

  private static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
