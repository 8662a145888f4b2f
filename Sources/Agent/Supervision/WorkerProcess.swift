// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc

/// A worker as its supervisor has it: a child process of the same program.
struct WorkerProcess {
  /// How a worker ended.
  enum End: Equatable {
    case exit(Int32)
    case signal(CInt)
  }

  /// Ends of one that was told to end before it could listen, or that did not listen: no crashes.
  static let stopping = [SIGTERM, SIGINT, SIGHUP, SIGKILL]

  let processID: pid_t
  let started: ContinuousClock.Instant

  /// Starts this program again with the arguments of a worker.
  ///
  /// - Parameters:
  ///   - arguments: of this process, from the subcommand on.
  ///   - page: the descriptor of the page, which the worker gets.
  init(arguments: [String], page: CInt) throws(SystemError) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, page, Worker.descriptor)
    // The supervisor blocks what it waits for.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(
      &attributes, CShort(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let words = ["metaflow-agent"] + arguments + [Worker.option, String(getpid())]
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    var child: pid_t = 0
    // The file that runs, also when another was put in its place since.
    let failure = unsafe posix_spawn(
      &child, "/proc/self/exe", &actions, &attributes, pointers, environ)
    guard failure == 0 else { throw SystemError(code: failure, during: "starting the worker") }
    processID = child
    started = .now
  }

  /// How it ended; nil while it runs.
  func end() -> End? {
    var status: CInt = 0
    while true {
      let ended = unsafe waitpid(processID, &status, WNOHANG)
      if ended == 0 { return nil }
      if ended == processID { break }
      // Nobody else waits for our children.
      if errno != EINTR { return .exit(1) }
    }
    return status & 0x7f == 0 ? .exit(status >> 8 & 0xff) : .signal(status & 0x7f)
  }

  func send(_ signal: CInt) { kill(processID, signal) }
}
