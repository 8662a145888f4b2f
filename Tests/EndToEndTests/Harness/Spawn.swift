// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files that a program reads and writes; `/dev/null` where it does not matter.
struct StandardFiles {
  var input = "/dev/null"
  var output = "/dev/null"
  var errors = "/dev/null"
}

/// Starts a program with every signal as it was at login: threads of a test run block some, and a
/// child that inherits that cannot be stopped.
func spawn(
  _ program: URL, _ arguments: [String], in folder: URL? = nil, files: StandardFiles
) throws -> pid_t {
  var actions = unsafe posix_spawn_file_actions_t()
  unsafe posix_spawn_file_actions_init(&actions)
  defer { unsafe posix_spawn_file_actions_destroy(&actions) }
  let create = O_WRONLY | O_CREAT | O_APPEND
  unsafe posix_spawn_file_actions_addopen(&actions, 0, files.input, O_RDONLY, 0)
  unsafe posix_spawn_file_actions_addopen(&actions, 1, files.output, create, 0o600)
  unsafe posix_spawn_file_actions_addopen(&actions, 2, files.errors, create, 0o600)
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
    &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

  // env changes the folder and becomes the program, under the same process id.
  let place = folder.map { ["/usr/bin/env", "-C", $0.path] } ?? []
  let command = place + [program.path] + arguments
  var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map {
    unsafe strdup($0)
  }
  unsafe words.append(nil)
  defer { unsafe words.forEach { unsafe free($0) } }
  var processID: pid_t = 0
  let failure = unsafe posix_spawn(
    &processID, command[0], &actions, &attributes, words, environ)
  guard failure == 0 else {
    let reason = unsafe String(cString: strerror(failure))
    throw HarnessFailure("\(program.path) cannot be started: \(reason)")
  }
  return processID
}

/// The exit status of a child that has ended, 128 and the signal for one that was killed; nil while it
/// runs. Asks the kernel once a child; the answer is kept by the caller.
func reap(_ processID: pid_t, waiting: Bool = false) -> Int32? {
  var status: Int32 = 0
  while true {
    let ended = unsafe waitpid(processID, &status, waiting ? 0 : WNOHANG)
    if ended == processID { break }
    if ended == 0 { return nil }
    if errno != EINTR { return 127 }
  }
  return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
}
