// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How the calling thread competes for a processor: behind the host's services, until what it has to
/// take is more than can wait.
///
/// A priority belongs to a thread of Linux (setpriority(2), "C library/kernel differences"), so one
/// value must stay on one thread.
package struct ThreadPriority {
  /// Where a thread stands, to be given to another.
  package struct Level: Hashable, Sendable {
    fileprivate var nice: CInt

    /// The calling thread's.
    package static var own: Level { Level(nice: getpriority(ThreadPriority.kind, 0)) }

    /// Puts the calling thread there, if it may.
    package func take() {
      if self != .own { _ = ThreadPriority.set(nice) }
    }
  }

  /// Levels of nice(2) below the thread's own: a tenth of a service's share of a processor that both
  /// want, all of one that nobody does.
  private static let step: CInt = 10
  fileprivate static let kind = __priority_which_t(PRIO_PROCESS.rawValue)

  /// The thread's own level; nil before the first time, and where a thread that went down could not
  /// come back (CAP_SYS_NICE, RLIMIT_NICE).
  private var own: CInt?
  private var isTried = false
  private(set) var isLow = false

  /// Goes behind others.
  mutating func lower() {
    if !isTried { attempt() }
    guard let own, !isLow else { return }
    isLow = Self.set(own + Self.step)
  }

  /// Comes back to the thread's own level.
  mutating func restore() {
    guard let own, isLow else { return }
    isLow = !Self.set(own)
  }

  private mutating func attempt() {
    isTried = true
    let level = getpriority(Self.kind, 0)
    guard Self.set(level + 1) else { return }
    if Self.set(level) { own = level }
  }

  fileprivate static func set(_ level: CInt) -> Bool { setpriority(kind, 0, level) == 0 }
}
