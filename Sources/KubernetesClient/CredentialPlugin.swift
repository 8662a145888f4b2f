// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kubernetes

/// A program that a kubeconfig names to say who we are (`exec`; client.authentication.k8s.io).
package struct CredentialPlugin: Hashable, Sendable {
  /// A path, or a name that is looked for as the shell does.
  package var command: String
  package var arguments: [String] = []
  /// Added to our own variables.
  package var environment: [String: String] = [:]
  package var apiVersion: String

  package init(command: String, apiVersion: String) {
    self.command = command
    self.apiVersion = apiVersion
  }

  /// Milliseconds that it may take: it may have to ask somebody in the network.
  static let patience = 60_000
  /// Bytes that it may say.
  static let limit = 1 << 20

  /// Runs the program to its end, on a thread that may wait.
  func ask() throws(ClusterAccessError) -> ExecCredential {
    let said = try run()
    do {
      return try ExecCredential(said.span)
    } catch {
      throw ClusterAccessError("\(command) says no ExecCredential: \(error)")
    }
  }

  private var variables: [String] {
    var all = ProcessVariables.all.merging(environment) { $1 }
    all["KUBERNETES_EXEC_INFO"] =
      #"{"kind":"ExecCredential","apiVersion":"\#(apiVersion)","spec":{"interactive":false}}"#
    return all.map { "\($0.key)=\($0.value)" }
  }

  private func run() throws(ClusterAccessError) -> [UInt8] {
    var ends: [CInt] = [0, 0]
    guard unsafe pipe(&ends) == 0 else {
      throw ClusterAccessError("\(command) cannot be started: no pipe")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    // A group of its own, so that what it starts ends with it.
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(
      &attributes, CShort(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var words: [UnsafeMutablePointer<CChar>?] = unsafe ([command] + arguments).map {
      unsafe strdup($0)
    }
    var settings: [UnsafeMutablePointer<CChar>?] = unsafe variables.map { unsafe strdup($0) }
    unsafe words.append(nil)
    unsafe settings.append(nil)
    defer { unsafe (words + settings).forEach { unsafe free($0) } }
    var child: pid_t = 0
    let failure = unsafe posix_spawnp(&child, command, &actions, &attributes, words, settings)
    close(ends[1])
    guard failure == 0 else {
      throw ClusterAccessError(
        "\(command) cannot be started: \(unsafe String(cString: strerror(failure)))")
    }
    let said = Self.read(from: ends[0])
    let status = Self.end(of: child, isWanted: said != nil)
    guard let said, let status else {
      throw ClusterAccessError("\(command) takes longer than a minute or says more than 1 MiB")
    }
    guard status == 0 else {
      throw ClusterAccessError("\(command) ended with status \(status >> 8)")
    }
    return said
  }

  /// How it ended; nil for one that had to be ended.
  private static func end(of child: pid_t, isWanted: Bool) -> CInt? {
    var status: CInt = 0
    // Who has said everything has little left to do.
    for _ in 0..<(isWanted ? 500 : 0) {
      if unsafe waitpid(child, &status, WNOHANG) == child { return status }
      usleep(10_000)
    }
    kill(-child, SIGKILL)
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
    return nil
  }

  /// Everything up to its end; nil when that does not come in time, or never.
  private static func read(from end: CInt) -> [UInt8]? {
    var said: [UInt8] = []
    var parcel = [UInt8](repeating: 0, count: 4_096)
    let start = ContinuousClock.now
    while said.count <= limit {
      let (seconds, attoseconds) = start.duration(to: .now).components
      let left = patience - Int(seconds) * 1_000 - Int(attoseconds / 1_000_000_000_000_000)
      guard left > 0 else { return nil }
      var waiting = pollfd(fd: end, events: CShort(POLLIN), revents: 0)
      let ready = unsafe poll(&waiting, 1, CInt(left))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return nil }
      let count = unsafe Glibc.read(end, &parcel, parcel.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return said }
      said += parcel[..<count]
    }
    return nil
  }
}
