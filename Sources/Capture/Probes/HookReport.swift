// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// One hook of the probes and whether it is on.
package struct HookReport: Sendable, Hashable {
  package enum State: Sendable, Hashable {
    case on
    /// This kernel does not have it.
    case absent
    /// The kernel has it and refused it, with this errno.
    case refused(CInt)
    /// Another hook does its work, so it was not asked for.
    case notNeeded

    /// What an errno of attaching means.
    static func afterFailure(_ code: CInt) -> State {
      code == ENOENT ? .absent : .refused(code)
    }
  }

  /// The hook as the kernel calls it: `sock_send_length`.
  package var name: String
  /// What is seen through it, for people: "bytes sent by sockets".
  package var shows: String
  package var state: State

  package init(name: String, shows: String, state: State) {
    self.name = name
    self.shows = shows
    self.state = state
  }
}

extension HookReport: CustomStringConvertible {
  package var description: String {
    switch state {
    case .on: "\(name): on (\(shows))"
    case .absent: "\(name): this kernel does not have it (\(shows))"
    case .refused(let code): "\(name): refused, \(SystemError.text(of: code)) (\(shows))"
    case .notNeeded: "\(name): not needed (\(shows))"
    }
  }
}
