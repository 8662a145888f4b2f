// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Whether the host's processors are wanted by others.
///
/// The server and its engine run at a lower scheduling weight, and the kernel accounts the time of
/// such processes apart (proc(5), /proc/stat: `nice`). So what they use themselves, as when they catch
/// up on an idle host, makes no host busy.
struct HostLoad: Hashable, Sendable {
  /// Below this share of idle time, with at least ``othersShare`` of it used at full weight, the host
  /// is busy. Not near zero: services that wait for each other leave a processor idle whenever the
  /// store holds up one of them.
  static let idleShare = 0.25
  static let othersShare = 0.5

  /// Clock ticks since the machine was started, over all processors.
  struct Ticks: Hashable, Sendable {
    var others: UInt64
    var own: UInt64
    var idle: UInt64

    /// Reads the first line of /proc/stat; nil when it is not understood.
    init?(_ text: Substring) {
      let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().map { UInt64($0) }
      // user nice system idle iowait irq softirq steal
      guard text.hasPrefix("cpu "), fields.count >= 8, !fields.prefix(8).contains(nil) else {
        return nil
      }
      let ticks = fields.compactMap(\.self)
      others = ticks[0] &+ ticks[2] &+ ticks[5] &+ ticks[6] &+ ticks[7]
      own = ticks[1]
      idle = ticks[3] &+ ticks[4]
    }
  }

  private var last: Ticks?
  /// What the last two samples said.
  private(set) var isBusy = false

  /// Takes a sample. Ones that are too near each other to tell anything change nothing.
  mutating func take(_ ticks: Ticks?) {
    guard let ticks else { return }
    guard let last else { return self.last = ticks }
    let (others, own) = (ticks.others &- last.others, ticks.own &- last.own)
    let idle = ticks.idle &- last.idle
    let all = others &+ own &+ idle
    guard all >= 20, all < 1 << 40 else { return }
    self.last = ticks
    isBusy =
      Double(idle) < Self.idleShare * Double(all)
      && Double(others) > Self.othersShare * Double(all)
  }

  /// What the kernel says now; nil where it says nothing.
  static func read() -> Ticks? {
    guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
    return Ticks(text[...])
  }
}
