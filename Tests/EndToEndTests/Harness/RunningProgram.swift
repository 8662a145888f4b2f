// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program that a test started and must stop. Its output goes to a file, shown when things go wrong.
final class RunningProgram: Sendable {
  let name: String
  let processID: pid_t
  private let log: URL

  init(_ path: String, _ arguments: [String], in folder: URL, environment: [String: String] = [:])
    throws
  {
    name = path.split(separator: "/").last.map(String.init) ?? path
    log = folder.appending(path: "\(name)-\(UUID().uuidString.prefix(8)).log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let process = Process()
    process.executableURL = try executable(path)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = try FileHandle(forWritingTo: log)
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    processID = process.processIdentifier
    ProcessTable.started(process)
  }

  var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

  var isRunning: Bool { ProcessTable.isRunning(processID) }

  /// Sends `signal` and waits until the program is gone; kills it when it takes longer than `limit`.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(15)) async -> Int32 {
    kill(processID, signal)
    let deadline = ContinuousClock.now + limit
    while isRunning {
      if ContinuousClock.now > deadline { kill(processID, SIGKILL) }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return ProcessTable.status(processID)
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
  let process = Process()
  process.executableURL = try executable(name)
  process.arguments = arguments
  let (output, errors, source) = (Pipe(), Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = source
  try process.run()
  try source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
  try source.fileHandleForWriting.close()
  let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let complained = String(
    decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  let result = CommandResult(
    status: process.terminationStatus, output: said, errors: complained)
  if checked, result.status != 0 {
    throw HarnessFailure("\(name) ended with \(result.status): \(complained)\(said)")
  }
  return result
}
