// SPDX-License-Identifier: Apache-2.0

package import Capture
import Glibc

/// The folder `crashes` of a spool directory: the history of its workers, and reports of how they died.
package struct CrashFolder: Sendable {
  /// Reports that are kept.
  static let reports = 16
  /// Bytes of a report that are read.
  private static let reportBytes = 1 << 20

  package let path: String

  package init(spoolDirectory: String) {
    path = spoolDirectory + "/crashes"
  }

  /// Where a dying worker writes.
  package var freshReport: String { path + "/report.new" }
  private var historyFile: String { path + "/history" }

  /// What the folder says; empty where it is not there or cannot be read.
  package var history: CrashHistory {
    let bytes = (try? SpoolFile.contents(historyFile, limit: 65_536)) ?? nil
    return bytes.map { CrashHistory($0) } ?? CrashHistory()
  }

  /// Which history it is: another one after each change.
  var version: Int {
    var status = stat()
    guard unsafe stat(historyFile, &status) == 0 else { return 0 }
    return Int(truncatingIfNeeded: status.st_ino) &* 31
      &+ status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
  }

  /// Changes the history, alone among all processes that would.
  ///
  /// - Throws: when the folder cannot be written.
  package func change<Result>(
    _ body: (inout CrashHistory) -> Result
  ) throws(SystemError) -> Result {
    try SpoolFile.makeDirectory(path)
    let lock = try SpoolFile.open(path + "/lock", O_RDWR | O_CREAT)
    defer { close(lock) }
    guard flock(lock, LOCK_EX) == 0 else { throw SpoolFile.last("locking the crash history") }
    var changed = history
    let result = body(&changed)
    try SpoolFile.replace(historyFile, in: path, with: changed.bytes)
    return result
  }

  /// Gives what a worker left a name of its own, and takes the oldest away; the bytes of the report, and
  /// its path.
  func keep(_ report: [UInt8], at time: Int64) throws(SystemError) -> String {
    try SpoolFile.makeDirectory(path)
    var number = 0
    var name = Self.name(time, number)
    while unsafe access(path + "/" + name, F_OK) == 0, number < 999 {
      number += 1
      name = Self.name(time, number)
    }
    try SpoolFile.replace(path + "/" + name, in: path, with: report)
    unsafe _ = unlink(freshReport)
    let all = try SpoolFile.names(in: path).filter { $0.hasPrefix("crash-") }
    for old in all.dropLast(Self.reports) { unsafe _ = unlink(path + "/" + old) }
    return path + "/" + name
  }

  /// What a dying worker wrote; nil when it could not.
  func takeFresh() -> [UInt8]? {
    let bytes = (try? SpoolFile.contents(freshReport, limit: Self.reportBytes)) ?? nil
    return bytes.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// By name in the order of time.
  private static func name(_ time: Int64, _ number: Int) -> String {
    let seconds = time_t(time)
    var parts = unsafe tm()
    unsafe withUnsafePointer(to: seconds) { unsafe _ = gmtime_r($0, &parts) }
    let year = unsafe 1_900 + parts.tm_year
    let fields = unsafe [
      parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
    ].map { $0 < 10 ? "0\($0)" : "\($0)" }
    let moment = "\(year)\(fields[..<2].joined())T\(fields[2...].joined())Z"
    return "crash-\(moment)-\(String(1_000 + number).dropFirst()).txt"
  }
}
