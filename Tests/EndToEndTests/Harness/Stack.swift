// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A server and an agent as a user runs them: the built programs, a fresh data folder, free ports.
final class Stack: Sendable {
  let folder: URL
  let http: Int
  let ingest: Int
  let metrics: Int
  /// Of OTLP.
  let grpc: Int
  private let programs: [RunningProgram]

  @TaskLocal static var current: Stack?

  /// The stack of the suite that is running.
  static var running: Stack {
    get throws {
      guard let current else { throw HarnessFailure("the suite lacks the .stack trait") }
      return current
    }
  }

  /// - Parameters:
  ///   - data: the server's data folder; one in the stack's own folder when there is none.
  ///   - agentConfiguration: the agent's configuration file.
  ///   - agentOptions: more of its options.
  static func start(
    data: URL? = nil, agentConfiguration: String = "", agentOptions: [String] = []
  ) async throws -> Stack {
    let folder = try temporaryFolder("stack")
    let data = data ?? folder.appending(path: "server")
    let configuration = folder.appending(path: "agent.yaml")
    try agentConfiguration.write(to: configuration, atomically: true, encoding: .utf8)
    let (http, ingest, metrics) = (try freePort(), try freePort(), try freePort())
    let grpc = try freePort()
    let server = try RunningProgram(
      product("metaflow-server"),
      [
        "--data-dir", data.path, "--http", "127.0.0.1:\(http)", "--ingest", "127.0.0.1:\(ingest)",
        "--otlp", "none", "--otlp-grpc", "127.0.0.1:\(grpc)",
      ], in: folder)
    // Nothing that was started outlives a start that fails.
    var programs = [server]
    do {
      _ = try await eventually("the server answers; it said: \(server.output)") {
        guard server.isRunning else { throw HarnessFailure("server ended: \(server.output)") }
        return accepts(port: http) ? true : nil
      }
      let agent = try RunningProgram(
        product("metaflow-agent"),
        [
          "run", "--config", configuration.path, "--server", "127.0.0.1:\(ingest)", "--spool-dir",
          folder.appending(path: "spool").path,
          "--metrics", "127.0.0.1:\(metrics)",
        ] + agentOptions, in: folder)
      programs.append(agent)
      let stack = Stack(
        folder: folder, http: http, ingest: ingest, metrics: metrics, grpc: grpc,
        programs: programs)
      _ = try await eventually("the agent connects; it said: \(agent.output)") {
        guard agent.isRunning else { throw HarnessFailure("agent ended: \(agent.output)") }
        return try await stack.get("/v1/agents").contains("\"connected\":true") ? true : nil
      }
      return stack
    } catch {
      for program in programs.reversed() { await program.stop() }
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  private init(
    folder: URL, http: Int, ingest: Int, metrics: Int, grpc: Int, programs: [RunningProgram]
  ) {
    self.folder = folder
    self.http = http
    self.ingest = ingest
    self.metrics = metrics
    self.grpc = grpc
    self.programs = programs
  }

  var server: RunningProgram { programs[0] }
  var agent: RunningProgram { programs[1] }

  func stop() async {
    for program in programs.reversed() where program.isRunning { await program.stop() }
    try? FileManager.default.removeItem(at: folder)
  }

  /// The agent's worker, which does the work.
  func worker() throws -> pid_t {
    let path = "/proc/\(agent.processID)/task/\(agent.processID)/children"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard let child = text.split(separator: " ").first.flatMap({ pid_t($0) }) else {
      throw HarnessFailure("the agent has no worker; it said: \(agent.output)")
    }
    return child
  }

  /// A counter or gauge of the agent, by its name with its labels; 0 when it is not there.
  func agentMetric(_ name: String) throws -> Double {
    let text = try run("curl", ["-sS", "http://127.0.0.1:\(metrics)/metrics"]).output
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
  }

  /// The body of a GET on the API.
  func get(_ path: String) async throws -> String {
    try run("curl", ["-sS", "--max-time", "20", "http://127.0.0.1:\(http)\(path)"]).output
  }

  /// A program of this package, beside the test bundle.
  static func product(_ name: String) -> String {
    let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
    let bundle = bundles.first ?? CommandLine.arguments[0]
    return URL(filePath: bundle).deletingLastPathComponent().appending(path: name).path
  }
}

/// Starts a stack before the suite and stops it after.
struct StackTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let stack = try await Stack.start()
    do {
      try await Stack.$current.withValue(stack) { try await function() }
    } catch {
      await stack.stop()
      throw error
    }
    await stack.stop()
  }
}

extension Trait where Self == StackTrait {
  static var stack: StackTrait { StackTrait() }
}
