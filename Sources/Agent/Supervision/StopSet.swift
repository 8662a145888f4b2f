// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The signals that a supervisor waits for, blocked from the start so that none of them is lost or does
/// what it would.
struct StopSet {
  enum Event {
    /// Somebody wants the agent to end.
    case stop
    /// The worker has ended, or the time is over.
    case look
  }

  private var signals = sigset_t()

  /// Blocks them in this thread, which must be the only one.
  init() {
    unsafe sigemptyset(&signals)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] { unsafe sigaddset(&signals, number) }
    unsafe sigprocmask(SIG_BLOCK, &signals, nil)
  }

  /// Waits for the next of them, at most so long.
  mutating func wait(atMost limit: Duration) -> Event {
    let (seconds, attoseconds) = limit.components
    var time = timespec(
      tv_sec: max(0, Int(seconds)), tv_nsec: max(0, Int(attoseconds / 1_000_000_000)))
    let number = unsafe sigtimedwait(&signals, nil, &time)
    return [SIGTERM, SIGINT, SIGHUP].contains(number) ? .stop : .look
  }
}
