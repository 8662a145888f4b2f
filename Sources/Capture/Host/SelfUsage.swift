// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What this process uses of the host, for the guard that keeps it within its limits.
package struct SelfUsage: Sendable, Hashable {
  /// User and system time of all threads since the start, nanoseconds.
  package var processorNanoseconds: UInt64
  /// Memory that is this process's alone (RssAnon); the ring, which the kernel holds anyway, is
  /// mapped twice and would be counted twice in the resident size.
  package var privateBytes: UInt64
  /// Resident memory (VmRSS).
  package var residentBytes: UInt64

  /// Reads the use up to now.
  ///
  /// - Throws: ``SystemError`` when /proc cannot be read.
  package static func now() throws(SystemError) -> SelfUsage {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else {
      throw SystemError.last("reading this process's time")
    }
    let status = try HostFile.text("/proc/self/status")
    return SelfUsage(
      processorNanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec),
      privateBytes: field("RssAnon:", of: status), residentBytes: field("VmRSS:", of: status))
  }

  private static func field(_ name: String, of status: String) -> UInt64 {
    for line in status.split(separator: "\n") where line.hasPrefix(name) {
      let fields = line.split { $0 == " " || $0 == "\t" }
      return fields.count > 1 ? (UInt64(fields[1]) ?? 0) &* 1_024 : 0
    }
    return 0
  }
}
