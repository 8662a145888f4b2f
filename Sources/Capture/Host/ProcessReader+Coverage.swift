// SPDX-License-Identifier: Apache-2.0

/// What of a process, or of the host, keeps bytes from the probes.
extension ProcessReader {
  /// Descriptors of a process that are looked at.
  private static let mostDescriptors = 1_024

  /// Whether the process has a ring of io_uring(7) open; false when that cannot be read.
  package func usesRing(_ pid: UInt32) -> Bool {
    let folder = "\(root)/\(pid)/fd"
    for name in (HostFile.names(in: folder) ?? []).prefix(Self.mostDescriptors)
    where HostFile.link("\(folder)/\(name)") == "anon_inode:[io_uring]" {
      return true
    }
    return false
  }

  /// Whether the kernel keeps memory from probes, kernel_lockdown(7).
  package static var isLockedDown: Bool {
    let text = (try? HostFile.text("/sys/kernel/security/lockdown")) ?? ""
    return text.contains("[confidentiality]")
  }
}
