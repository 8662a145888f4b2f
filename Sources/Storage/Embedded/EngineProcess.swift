// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A running engine: a child process in a session of its own, so that a Ctrl-C meant for the server does
/// not stop the engine before the server has stored what it holds. The engine gives way to other
/// sessions, too (see `metaflow-engine`).
final class EngineProcess: Sendable {
  /// How a process ended.
  enum Ending: Hashable, Sendable {
    case exit(code: Int32)
    case signal(Int32)
  }

  private struct State {
    /// Set once the process is gone and its id no longer ours to signal.
    var ending: Ending?
    var waiters: [CheckedContinuation<Ending, Never>] = []
  }

  let processID: pid_t
  private let state = Mutex(State())

  private init(processID: pid_t) {
    self.processID = processID
  }

  /// How the process ended; nil while it runs.
  var ending: Ending? { state.withLock { $0.ending } }

  /// Returns when the process has ended.
  func waitForEnd() async -> Ending {
    await withCheckedContinuation { continuation in
      let ending = state.withLock { state -> Ending? in
        if state.ending == nil { state.waiters.append(continuation) }
        return state.ending
      }
      if let ending { continuation.resume(returning: ending) }
    }
  }

  /// Starts `program` with `arguments`; what it says on its standard streams goes to `output`.
  ///
  /// One thread starts the process and waits for its end. The engine asks the kernel to be told
  /// when its parent dies, and to the kernel the parent is the thread that started it.
  static func start(
    _ program: String, _ arguments: [String], output: String
  ) async throws(StorageError) -> EngineProcess {
    let result = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let (error, processID) = spawn(program, arguments, output: output)
        guard error == 0 else {
          continuation.resume(
            returning: Result<EngineProcess, StorageError>.failure(
              .engineMissing("\(program) cannot be started (\(errorText(error)))")))
          return
        }
        let process = EngineProcess(processID: processID)
        continuation.resume(returning: .success(process))
        process.reap()
      }
    }
    return try result.get()
  }

  /// Sends a signal, unless the process has ended.
  func signal(_ number: Int32) {
    state.withLock { state in
      if state.ending == nil { kill(processID, number) }
    }
  }

  /// Waits for the end and takes it, without a moment at which ``signal(_:)`` could hit another
  /// process that got the same number.
  private func reap() {
    var info = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    let (ending, waiters) = state.withLock { state in
      var status: Int32 = 0
      while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
      let signal = status & 0x7f
      let ending: Ending = signal == 0 ? .exit(code: status >> 8 & 0xff) : .signal(signal)
      state.ending = ending
      defer { state.waiters = [] }
      return (ending, state.waiters)
    }
    for waiter in waiters { waiter.resume(returning: ending) }
  }

  /// POSIX_SPAWN_SETSID (spawn.h), which the Glibc module leaves out.
  private static let ownSession: Int32 = 0x80

  private static func spawn(
    _ program: String, _ arguments: [String], output: String
  ) -> (error: Int32, processID: pid_t) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(
      &actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    unsafe sigemptyset(&noSignals)
    var allSignals = sigset_t()
    unsafe sigfillset(&allSignals)
    unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &allSignals)
    let flags = ownSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var argv = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    // Not ours: a loader setting meant for the server could keep the engine library from loading.
    // The last is the engine's allocator, which gives back after a second what a burst has left.
    var environment = unsafe [
      strdup("PATH=/usr/bin:/bin"), strdup("LANG=C.UTF-8"),
      strdup("JE_MALLOC_CONF=dirty_decay_ms:1000,muzzy_decay_ms:0"), nil,
    ]
    defer { unsafe (argv + environment).forEach { unsafe free($0) } }
    var processID: pid_t = 0
    let error = unsafe posix_spawn(
      &processID, program, &actions, &attributes, &argv, &environment)
    return (error, processID)
  }
}

/// The C library's words for an error number.
func errorText(_ code: Int32) -> String {
  unsafe String(cString: strerror(code))
}
