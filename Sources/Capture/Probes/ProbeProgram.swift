// SPDX-License-Identifier: Apache-2.0

/// A program of a probe object: where it hooks in and what for.
struct ProbeProgram {
  enum Hook {
    /// A typed tracepoint; the kernel's type information tells whether it exists.
    case typedTracepoint
    /// A raw tracepoint at every system call; always there.
    case rawTracepoint
    /// A hook of the root control group.
    case controlGroup
    /// An iterator, run once.
    case iterator
    /// An iterator, run when it is asked for.
    case repeatedIterator
    /// A function of a library, put in by ``ProbeSet``.
    case function
  }

  /// The C function's name.
  let function: String
  /// The kernel's name of the hook.
  let hook: String
  let kind: Hook
  /// For people.
  let shows: String
  /// Whether the object is of no use without it.
  let isNeeded: Bool

  init(_ function: String, _ hook: String, _ kind: Hook, needed: Bool, shows: String) {
    self.function = function
    self.hook = hook
    self.kind = kind
    self.shows = shows
    isNeeded = needed
  }

  /// Whether the running kernel has the hook, as far as its type information tells.
  func isPresent(_ kernel: KernelTypes) -> Bool {
    kind != .typedTracepoint || kernel.hasTracepoint(hook)
  }

  func report(_ state: HookReport.State) -> HookReport {
    HookReport(name: hook, shows: shows, state: state)
  }
}

extension ProbeProgram {
  static let sockets = [
    ProbeProgram(
      "socket_sent", "sock_send_length", .typedTracepoint, needed: true,
      shows: "bytes that sockets send"),
    ProbeProgram(
      "socket_received", "sock_recv_length", .typedTracepoint, needed: true,
      shows: "bytes that sockets receive"),
  ]

  static let systemCalls = [
    ProbeProgram(
      "call_began", "sys_enter", .rawTracepoint, needed: true,
      shows: "socket calls that begin"),
    ProbeProgram(
      "call_ended", "sys_exit", .rawTracepoint, needed: true,
      shows: "bytes that socket calls moved"),
    ProbeProgram(
      "socket_created", "cgroup/sock_create", .controlGroup, needed: false,
      shows: "new sockets"),
    ProbeProgram(
      "known_sockets", "iter/task_file", .iterator, needed: false,
      shows: "sockets that were open before"),
  ]

  static let connections = [
    ProbeProgram(
      "state_changed", "inet_sock_set_state", .typedTracepoint, needed: true,
      shows: "TCP connections opened and closed, and by whom"),
    ProbeProgram(
      "open_connections", "iter/tcp", .repeatedIterator, needed: false,
      shows: "what TCP connections inside the host carry"),
  ]

  static let releases = [
    ProbeProgram(
      "socket_released", "cgroup/sock_release", .controlGroup, needed: true,
      shows: "UDP sockets closed")
  ]

  static let processes = [
    ProbeProgram(
      "process_forked", "sched_process_fork", .typedTracepoint, needed: true,
      shows: "processes that fork"),
    ProbeProgram(
      "process_executed", "sched_process_exec", .typedTracepoint, needed: true,
      shows: "programs executed"),
    ProbeProgram(
      "process_ended", "sched_process_exit", .typedTracepoint, needed: true,
      shows: "processes that end"),
  ]

  static let openSSL = [
    "read_began", "read_ex_began", "write_began", "write_ex_began", "handshake_began", "call_ended",
    "object_freed",
  ].map { ProbeProgram($0, $0, .function, needed: true, shows: "plain text of OpenSSL") }

  static let goTLS = ["go_read_began", "go_read_ended", "go_write_began", "go_write_ended"].map {
    ProbeProgram($0, $0, .function, needed: true, shows: "plain text of programs in Go")
  }
}
