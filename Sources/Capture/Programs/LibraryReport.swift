// SPDX-License-Identifier: Apache-2.0

/// A program or library that probes were to be put into, and whether they are.
package struct LibraryReport: Sendable, Hashable {
  package enum State: Sendable, Hashable {
    case on
    /// The kernel refused a probe, with this errno.
    case refused(CInt)
    /// It cannot be read, and why.
    case unreadable(String)
    /// No process has it any more.
    case gone
  }

  /// As a process that has it names it: "/usr/lib/x86_64-linux-gnu/libssl.so.3".
  package var path: String
  package var state: State

  package init(path: String, state: State) {
    self.path = path
    self.state = state
  }
}

/// A library and the processes that have it.
package struct LibraryUse: Sendable, Hashable {
  /// Processes that are told of one library, at most.
  package static let mostProcesses = 256

  package var library: LibraryReport
  package var processes: [Int32]

  package init(library: LibraryReport, processes: [Int32]) {
    self.library = library
    self.processes = processes
  }
}

extension LibraryReport: CustomStringConvertible {
  package var description: String {
    switch state {
    case .on: "plain text of TLS is read in \(path)"
    case .refused(let code):
      "plain text of TLS is not read in \(path): the kernel refused a probe "
        + "(\(SystemError.text(of: code))); uprobes need CAP_SYS_ADMIN, or CAP_PERFMON and a "
        + "kernel.perf_event_paranoid that allows them"
    case .unreadable(let reason): "plain text of TLS is not read in \(path): \(reason)"
    case .gone: "nobody has \(path) any more"
    }
  }
}
