// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Telemetry

/// Reads what a process is from /proc (proc(5)).
///
/// Everything a process says of itself is its own word: lengths are bounded and text is repaired.
/// What only root may read (another user's executable path) is left empty without it.
package struct ProcessReader: Sendable {
  /// Where proc is mounted; a container sees its host's at another place.
  let root: String
  private let clock: KernelClock

  package init(root: String = "/proc") {
    self.root = root
    clock = KernelClock(CLOCK_BOOTTIME)
  }

  /// The process that has this pid now.
  ///
  /// - Throws: ``SystemError`` when there is none, or when it ends while it is being read.
  package func report(of pid: UInt32) throws(SystemError) -> ProcessReport {
    let folder = "\(root)/\(pid)"
    guard let stat = ProcessStat(try HostFile.text("\(folder)/stat", limit: 4_096)) else {
      throw SystemError(code: EPROTO, during: "reading what a process is")
    }
    let arguments = Self.arguments(try HostFile.bytes("\(folder)/cmdline", limit: 16_384))
    let executable = HostFile.link("\(folder)/exe") ?? ""
    let key = ProcessKey(
      pid: pid, startedAfterBoot: ProcessStart.milliseconds(ticks: stat.startTicks))
    let start = clock.timestamp(key.startedAfterBoot &* 1_000_000)
    return ProcessReport(
      key: key, parentPID: stat.parent, startTime: start,
      name: ProcessName.name(
        arguments: arguments, executable: executable, kernelName: stat.kernelName),
      kernelName: stat.kernelName, commandLine: Self.commandLine(arguments),
      executable: executable,
      userID: Self.userID(try HostFile.text("\(folder)/status")),
      networkNamespace: HostFile.link("\(folder)/ns/net").flatMap(Self.inode) ?? 0,
      containerID: ContainerID.find(in: (try? HostFile.text("\(folder)/cgroup")) ?? ""))
  }

  /// The process with this key; nil when it is gone or its pid has another owner by now.
  package func report(of key: ProcessKey) -> ProcessReport? {
    guard let report = try? report(of: key.pid), report.key == key else { return nil }
    return report
  }

  /// The numbers of all processes in sight; empty when they cannot be listed.
  static func numbers() -> [UInt32] { (try? numbers(in: "/proc")) ?? [] }

  private static func numbers(in root: String) throws(SystemError) -> [UInt32] {
    guard let names = HostFile.names(in: root) else {
      throw SystemError.last("listing the processes")
    }
    return names.compactMap { UInt32($0) }
  }

  /// Every process in sight, kernel threads left out. Those that end meanwhile are missing.
  package func all() throws(SystemError) -> [ProcessReport] {
    var reports: [ProcessReport] = []
    for pid in try Self.numbers(in: root) {
      guard let report = try? report(of: pid) else { continue }
      if !report.commandLine.isEmpty || !report.executable.isEmpty { reports.append(report) }
    }
    return reports
  }
}

extension ProcessReader {
  static func arguments(_ bytes: [UInt8]) -> [String] {
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    while parts.last?.isEmpty == true { parts.removeLast() }
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The arguments joined by spaces, cut at 1,024 bytes between characters.
  static func commandLine(_ arguments: [String]) -> String {
    let whole = arguments.joined(separator: " ")
    guard whole.utf8.count > 1_024 else { return whole }
    var end = whole.utf8.index(whole.startIndex, offsetBy: 1_024)
    while end.samePosition(in: whole) == nil { whole.utf8.formIndex(before: &end) }
    return String(whole[..<end])
  }

  /// The effective user of `/proc/PID/status`; 0 when it does not say.
  static func userID(_ status: String) -> UInt32 {
    for line in status.split(separator: "\n") where line.hasPrefix("Uid:") {
      let fields = line.split { $0 == "\t" || $0 == " " }
      return fields.count > 2 ? UInt32(fields[2]) ?? 0 : 0
    }
    return 0
  }

  /// The number in `net:[4026531833]`.
  static func inode(_ link: String) -> UInt32? {
    guard let open = link.firstIndex(of: "[") else { return nil }
    return UInt32(link[link.index(after: open)...].prefix { $0 != "]" })
  }
}

/// The fields of `/proc/PID/stat` that we use.
struct ProcessStat {
  let kernelName: String
  let parent: UInt32
  let startTicks: UInt64

  /// The name stands in parentheses and may hold any character, parentheses included, so the
  /// fields are counted from the last one.
  init?(_ text: String) {
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close
    else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 19, let parent = UInt32(fields[1]), let ticks = UInt64(fields[19]) else {
      return nil
    }
    kernelName = String(text[text.index(after: open)..<close])
    self.parent = parent
    startTicks = ticks
  }
}

/// The container that a control group path names.
enum ContainerID {
  /// The last run of exactly 64 hexadecimal digits, as container runtimes write it into the path
  /// (`docker-<id>.scope`, `/kubepods/.../<id>`); empty when there is none.
  static func find(in text: String) -> String {
    var found: [UInt8] = []
    var run: [UInt8] = []
    for byte in Array(text.utf8) + [0] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
        run.append(byte)
      default:
        if run.count == 64 { found = run }
        run.removeAll(keepingCapacity: true)
      }
    }
    return String(decoding: found, as: UTF8.self)
  }
}
