// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A program that a test started and must stop. Its output goes to a file, shown when things go wrong.
final class RunningProgram: Sendable {
  let name: String
  let processID: pid_t
  private let log: URL
  private let ended = Mutex<Int32?>(nil)

  init(_ path: String, _ arguments: [String], in folder: URL) throws {
    name = path.split(separator: "/").last.map(String.init) ?? path
    log = folder.appending(path: "\(name)-\(UUID().uuidString.prefix(8)).log")
    processID = try spawn(
      try executable(path), arguments, in: folder,
      files: StandardFiles(output: log.path, errors: log.path))
  }

  var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

  /// The exit status; nil while the program runs.
  var status: Int32? {
    ended.withLock { ended in
      if ended == nil { ended = reap(processID) }
      return ended
    }
  }

  var isRunning: Bool { status == nil }

  /// Sends `signal` and waits until the program is gone; kills it when it takes longer than `limit`.
  func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(30)) async {
    if isRunning { kill(processID, signal) }
    let deadline = ContinuousClock.now + limit
    while isRunning {
      if ContinuousClock.now > deadline { kill(processID, SIGKILL) }
      try? await Task.sleep(for: .milliseconds(10))
    }
  }
}

/// Finds a program by path, or by name on PATH and in the system folders that PATH may lack.
func executable(_ name: String) throws -> URL {
  if name.contains("/") { return URL(filePath: name) }
  let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
  let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin"]
  for folder in folders {
    let candidate = folder + "/" + name
    if FileManager.default.isExecutableFile(atPath: candidate) { return URL(filePath: candidate) }
  }
  throw HarnessFailure("\(name) is not installed; run 'make test', which installs what tests need")
}

struct HarnessFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// What a finished command said.
struct CommandResult {
  var status: Int32
  var output: String
  var errors: String
}

/// Runs a command to its end. The thread waits, so keep commands short.
@discardableResult
func run(_ name: String, _ arguments: [String], input: String = "", checked: Bool = true) throws
  -> CommandResult
{
  let folder = try temporaryFolder("command")
  defer { try? FileManager.default.removeItem(at: folder) }
  let files = StandardFiles(
    input: folder.appending(path: "input").path, output: folder.appending(path: "output").path,
    errors: folder.appending(path: "errors").path)
  try input.write(toFile: files.input, atomically: false, encoding: .utf8)
  let status = reap(try spawn(try executable(name), arguments, files: files), waiting: true) ?? 127
  func text(_ path: String) -> String {
    (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
  let result = CommandResult(
    status: status, output: text(files.output), errors: text(files.errors))
  if checked, result.status != 0 {
    throw HarnessFailure("\(name) ended with \(result.status): \(result.errors)\(result.output)")
  }
  return result
}
