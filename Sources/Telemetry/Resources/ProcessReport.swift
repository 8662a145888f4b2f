// SPDX-License-Identifier: Apache-2.0

/// What an agent says of one process that took part in a call.
package struct ProcessReport: Hashable, Sendable {
  package var key: ProcessKey
  package var parentPID: UInt32
  package var startTime: Timestamp
  /// The name people know it by: the jar or the script rather than `java` or `python3`.
  package var name: String
  /// The kernel's name of the main thread (`comm`).
  package var kernelName: String
  /// Arguments joined by spaces, cut at 1,024 bytes.
  package var commandLine: String
  /// The path of the executable inside the process's own mount namespace.
  package var executable: String
  package var userID: UInt32
  package var networkNamespace: UInt32
  /// 64 hex digits where a container runtime's cgroup names one, else empty.
  package var containerID: String

  package init(
    key: ProcessKey, parentPID: UInt32, startTime: Timestamp, name: String, kernelName: String,
    commandLine: String, executable: String, userID: UInt32, networkNamespace: UInt32,
    containerID: String
  ) {
    self.key = key
    self.parentPID = parentPID
    self.startTime = startTime
    self.name = name
    self.kernelName = kernelName
    self.commandLine = commandLine
    self.executable = executable
    self.userID = userID
    self.networkNamespace = networkNamespace
    self.containerID = containerID
  }
}
