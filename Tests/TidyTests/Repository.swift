// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The files that git tracks or would track, read where they lie.
struct Repository {
  let root: URL

  struct File: Sendable, CustomTestStringConvertible {
    let path: String
    let text: String

    var testDescription: String { path }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var folders: [Substring] { path.split(separator: "/").dropLast() }
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
  }

  /// The checkout that this source file is part of.
  static let checkout = Repository(
    root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent())

  /// Every text file git knows or does not ignore, with one of the given endings.
  func files(ending endings: [String]) throws -> [File] {
    try listing().filter { path in endings.contains { path.hasSuffix($0) } }.compactMap { path in
      let url = root.appending(path: path)
      guard FileManager.default.fileExists(atPath: url.path) else { return nil }
      return File(path: path, text: try String(contentsOf: url, encoding: .utf8))
    }
  }

  func listing() throws -> [String] {
    let git = Process()
    git.executableURL = URL(filePath: "/usr/bin/env")
    git.arguments = [
      "git", "-c", "safe.directory=*", "-C", root.path, "ls-files", "-z", "--cached", "--others",
      "--exclude-standard",
    ]
    let pipe = Pipe()
    git.standardOutput = pipe
    try git.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    git.waitUntilExit()
    return output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
