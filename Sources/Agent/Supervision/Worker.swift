// SPDX-License-Identifier: Apache-2.0

import CCrash
package import Capture
import Glibc

/// The worker's side of its supervision.
package struct Worker: Sendable {
  /// Where the page is among the worker's files.
  static let descriptor: CInt = 3
  /// What `metaflow-agent run` is told to be a worker.
  static let option = "--worker-of"

  let page: WorkerPage
  let folder: CrashFolder

  /// Ties this process to its supervisor: it ends when that does, and tells what it was doing when it
  /// crashes.
  ///
  /// - Parameter writesRaw: whether a report has the bytes as they are, not their shape.
  package init(
    of supervisor: Int32, spoolDirectory: String, writesRaw: Bool
  ) throws(SystemError) {
    guard mf_end_with_parent(supervisor) == 0 else {
      throw SystemError(code: ESRCH, during: "looking for the supervisor")
    }
    // A terminal that goes away tells the supervisor, too.
    _ = signal(SIGHUP, SIG_IGN)
    page = try WorkerPage(descriptor: Self.descriptor)
    folder = CrashFolder(spoolDirectory: spoolDirectory)
    try page.watchForCrashes(folder, writesRaw: writesRaw)
  }

  /// Ends this process when these bytes are parsed, as a fault in a parser would.
  package static func crash(atBytes pattern: String) {
    var pattern = pattern
    pattern.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        unsafe mf_crash_test(characters.baseAddress, characters.count)
      }
    }
  }
}
