// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry

/// The file `seen` of a spool directory: up to when the agent has told what it saw, so that the next run
/// can tell for how long nobody looked.
///
/// Twenty digits: nanoseconds since the epoch. Not synced, so that it may be some seconds behind after a
/// power cut.
struct LifeMark: ~Copyable {
  private static let digits = 20
  /// Time away is told by the second up to this long, then by the minute, then by the hour.
  private static let bySecond: Int64 = 600
  private static let byMinute: Int64 = 86_400
  private static let longest: Int64 = 30 * 86_400

  private let file: CInt
  private var last: Int64 = 0
  /// Where an earlier run left it; nil when there was none.
  let found: Timestamp?

  init(directory: String) throws(SystemError) {
    file = try SpoolFile.open(directory + "/seen", O_RDWR | O_CREAT)
    let text = (try? SpoolFile.read(file, at: 0, count: Self.digits)) ?? []
    let number = Int64(String(decoding: text, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    found = number.map { Timestamp(nanoseconds: $0) }
  }

  deinit { close(file) }

  /// All up to `time` is in the spool, or counted.
  mutating func advance(to time: Timestamp) throws(SystemError) {
    guard time.nanoseconds > last else { return }
    last = time.nanoseconds
    let text = String(time.nanoseconds)
    let zeros = String(repeating: "0", count: max(0, Self.digits - text.utf8.count))
    try SpoolFile.write(Array((zeros + text).utf8), to: file, at: 0)
  }

  /// What the ledger says of the time from `start` to `end`, in which nobody looked: so many seconds.
  static func away(from start: Timestamp, to end: Timestamp) -> [LossEntry] {
    let first = max(start.seconds, end.seconds - longest)
    guard first <= end.seconds, end > start else { return [] }
    let length = end.seconds - first
    let step: Int64 = length <= bySecond ? 1 : length <= byMinute ? 60 : 3_600
    return stride(from: first, through: end.seconds, by: Int64.Stride(step)).flatMap { second in
      var tally = Tally()
      tally.received = UInt64(min(step, end.seconds - second + 1))
      tally.drop(.agentAway, count: tally.received)
      return tally.entries(stage: .agent, time: Timestamp(seconds: second))
    }
  }
}
