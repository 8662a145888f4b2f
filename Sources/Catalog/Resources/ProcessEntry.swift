// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A process by what it is rather than by its pid: a restart of the same program on the same host
/// with the same arguments is the same process.
package struct ProcessEntry: Hashable, Sendable {
  /// What makes two runs the same process.
  package struct Identity: Hashable, Sendable {
    /// The agent of the host.
    package var agent: UInt16
    package var name: String
    package var executable: String
    /// Empty when the name already has ``CatalogLimits/commandLinesPerName`` of them.
    package var commandLine: String
  }

  /// From 1.
  package var number: UInt32
  package var identity: Identity

  package init(number: UInt32, identity: Identity) {
    self.number = number
    self.identity = identity
  }
}

/// One run of a process: what a ``ProcessKey`` in a row stands for.
package struct ProcessRun: Hashable, Sendable {
  /// Keys are unique on a host only.
  package struct Key: Hashable, Sendable, BitwiseCopyable {
    package var agent: UInt16
    package var process: ProcessKey
  }

  package var key: Key
  /// Number of the ``ProcessEntry``.
  package var process: UInt32
  package var userID: UInt32
  package var networkNamespace: UInt32
  /// Empty outside containers.
  package var containerID: String
  /// When the end was reported, in seconds since the epoch; 0 while it runs. Rows about a process
  /// may come after its end, so it is not forgotten at once.
  package var endedAt: UInt32
}
