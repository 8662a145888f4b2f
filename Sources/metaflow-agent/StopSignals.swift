// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Synchronization

/// Catches SIGINT and SIGTERM for as long as it lives; ignores SIGPIPE for good.
struct StopSignals {
  /// Yields at each of them.
  let stream: AsyncStream<Void>
  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  /// Says whether one of them has come.
  var isStopped: @Sendable () -> Bool { { [flag] in flag.isSet.load(ordering: .relaxed) } }

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    self.stream = stream
    _ = signal(SIGPIPE, SIG_IGN)
    sources = [SIGINT, SIGTERM].map { [flag] number in
      _ = signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        flag.isSet.store(true, ordering: .relaxed)
        continuation.yield()
      }
      source.resume()
      return source
    }
  }

  func end() {
    for source in sources { source.cancel() }
  }

  private final class Flag: Sendable {
    let isSet = Atomic(false)
  }
}
