// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `make run`, without the building: both programs, kept apart.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"))
struct RunScriptTests {
  private let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../scripts/run").standardizedFileURL.path

  private struct Places {
    let folder: URL
    let http: Int
    let options: [String]

    init() throws {
      folder = try temporaryFolder("run")
      http = try freePort()
      options = [
        "--data-dir", folder.appending(path: "data").path, "--http", "127.0.0.1:\(http)",
        "--ingest", "127.0.0.1:\(try freePort())", "--metrics", "127.0.0.1:\(try freePort())",
        "--bin-dir", URL(filePath: Stack.product("metaflow")).deletingLastPathComponent().path,
      ]
    }
  }

  /// The child of the script that runs this program.
  private func child(_ name: String, of program: RunningProgram) throws -> pid_t? {
    let path = "/proc/\(program.processID)/task/\(program.processID)/children"
    let children = try String(contentsOfFile: path, encoding: .utf8)
    return children.split(separator: " ").compactMap { pid_t($0) }.first { child in
      let kernelName = try? String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8)
      return kernelName == String(name.prefix(15)) + "\n"
    }
  }

  @Test func eachProgramIsStartedAgainWithoutTheOther() async throws {
    let places = try Places()
    defer { try? FileManager.default.removeItem(at: places.folder) }
    let running = try RunningProgram("/bin/bash", [script] + places.options, in: places.folder)
    do {
      _ = try await eventually("both are up; it said: \(running.output)") {
        try #require(running.isRunning, "\(running.output)")
        return running.output.contains("MetaFlow is up.") ? true : nil
      }
      let second = try run("bash", [script] + places.options, checked: false)
      #expect(second.status == 1)
      #expect(!second.output.contains("MetaFlow is up"))
      #expect(second.errors.split(separator: "\n").count == 1, "\(second.errors)")
      #expect(second.errors.contains("127.0.0.1:\(places.http) is in use"))
      #expect(second.errors.contains("--metrics HOST:PORT"))
      for (name, other) in [
        ("metaflow-server", "metaflow-agent"), ("metaflow-agent", "metaflow-server"),
      ] {
        let killed = try #require(try child(name, of: running))
        let spared = try #require(try child(other, of: running))
        kill(killed, SIGKILL)
        _ = try await eventually("\(name) is started again; it said: \(running.output)") {
          try child(name, of: running).flatMap { $0 != killed ? $0 : nil }
        }
        #expect(try child(other, of: running) == spared)
        _ = try await eventually("the agent is connected") {
          let text = try run(
            "curl", ["-sS", "http://127.0.0.1:\(places.http)/v1/agents"], checked: false
          ).output
          return text.contains("\"connected\":true") ? true : nil
        }
      }
    } catch {
      await running.stop(SIGINT)
      throw error
    }
    await running.stop(SIGINT)
    #expect(running.status == 0)
    #expect(running.output.hasSuffix("stopped\n"))
  }

  /// The server stays, and nobody is told that all is well.
  @Test func anAgentThatIsRefusedIsNotSaidToBeUp() async throws {
    let places = try Places()
    defer { try? FileManager.default.removeItem(at: places.folder) }
    let programs = places.folder.appending(path: "programs")
    try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
    for name in ["metaflow-server", "metaflow-engine"] {
      try FileManager.default.createSymbolicLink(
        at: programs.appending(path: name),
        withDestinationURL: URL(filePath: Stack.product(name)))
    }
    let agent = programs.appending(path: "metaflow-agent")
    try "#!/bin/sh\necho refused; exit 77\n".write(to: agent, atomically: true, encoding: .utf8)
    try run("chmod", ["755", agent.path])
    let running = try RunningProgram(
      "/bin/bash", [script] + places.options.dropLast() + [programs.path], in: places.folder)
    _ = try? await eventually("it says so; it said: \(running.output)") {
      running.output.contains("The server goes on without it.") ? true : nil
    }
    #expect(running.output.contains("The server is up, the agent is not"), "\(running.output)")
    #expect(!running.output.contains("MetaFlow is up"))
    #expect(running.isRunning && accepts(port: places.http))
    await running.stop(SIGINT)
  }
}
