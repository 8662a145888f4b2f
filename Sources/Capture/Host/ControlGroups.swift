// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where this host's control groups are mounted.
enum ControlGroups {
  /// The mount point of the unified hierarchy (cgroup v2); nil when there is none in sight.
  static func unifiedRoot() -> String? {
    guard let mounts = try? HostFile.text("/proc/self/mounts", limit: 1 << 20) else { return nil }
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count > 2 && fields[2] == "cgroup2" { return String(fields[1]) }
    }
    return nil
  }
}
