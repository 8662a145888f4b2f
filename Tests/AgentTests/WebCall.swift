// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport

/// A Python web server on loopback that curl calls; stopped when it goes away.
final class WebCall {
  let port: Int
  private let scratch: Scratch
  private let server: Process

  init() throws {
    port = try freePort()
    scratch = try Scratch()
    server = try Self.start(
      "python3",
      ["-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", scratch.path])
  }

  deinit {
    // SIGTERM may be blocked: a child inherits the mask of the thread that started it.
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
  }

  /// Calls once, waiting for the server to listen; whether it answered.
  func call() throws -> Bool {
    let client = try Self.start(
      "curl", ["-s", "--retry", "20", "--retry-connrefused", "http://127.0.0.1:\(port)/"])
    client.waitUntilExit()
    return client.terminationStatus == 0
  }

  private static func start(_ program: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }
}
