// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
package import Replay
package import Telemetry

/// The folder in which a replay's records wait to be sent.
package enum ReplaySpool {
  /// More than any capture gives; the disk is the bound.
  private static let bytes = 1 << 40

  static func open(_ path: String) throws(SpoolError) -> Spool {
    try Spool(directory: path, machineID: HostReader.report().machineID, limit: bytes)
  }

  /// Makes a new one below the system's folder for temporary files (`TMPDIR`, else `/tmp`).
  package static func make() throws(ReplayError) -> String {
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/metaflow-replay-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { name in
      unsafe mkdtemp(name.baseAddress!) != nil
    }
    guard made else {
      throw ReplayError(
        .output, "no folder can be made in \(parent) (errno \(errno)); name another with TMPDIR.")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The time of day, which the records are dated against.
  package static func now() -> Timestamp { Timestamp.timeOfDay() }

  /// Whether `path` is a folder that holds a spool.
  package static func isThere(_ path: String) -> Bool {
    unsafe access(path + "/identity", R_OK | W_OK) == 0
  }

  /// Removes the folder with the files of a spool in it. What is not a spool's stays.
  package static func remove(_ path: String) {
    for name in (try? SpoolFile.names(in: path)) ?? []
    where name.hasSuffix(".spool") || name.hasPrefix("identity")
      || ["lock", "seen", "endpoints", "minute.0", "minute.1"].contains(name)
    {
      unsafe _ = unlink("\(path)/\(name)")
    }
    unsafe _ = rmdir(path)
  }
}
