// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `metaflow plugin test`.
struct TestPluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Replay a plugin's captures and compare the calls.",
    discussion: """
      Each captures/NAME.pcap (or .pcapng) goes through the agent's pipeline with the plugin; the calls are
      compared with captures/NAME.expected, one JSON object a line, of which only the keys that are
      written are compared: columns of flow_log.l7_flow_log, and attribute.NAME for attributes. Where the
      file is missing it is written, for you to check. Ends with 1 when something differs.

      EXAMPLES
        metaflow plugin test
        metaflow plugin test orders
      """)

  @Argument(help: "The plugin's folder.")
  var folder = "."
  @Option(help: ArgumentHelp("The metaflow-agent to replay with.", valueName: "program"))
  var agent: String?

  func run() throws {
    let plugin = try self.plugin()
    let captures = try list("captures", endings: [".pcap", ".pcapng"])
    guard !captures.isEmpty else {
      try fail("\(folder)/captures has no .pcap or .pcapng file; copy one there")
    }
    var differences = 0
    for capture in captures {
      let name = (capture as NSString).lastPathComponent
      let calls = try replay(capture, plugin)
      let path = (capture as NSString).deletingPathExtension + ".expected"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        try Data((calls.map(\.written).joined(separator: "\n") + "\n").utf8)
          .write(to: URL(filePath: path))
        print("\(name): \(calls.count) calls, written to \(path); check them, and cut it down")
        continue
      }
      let found = try PluginExpectations(text, path).differences(from: calls)
      print("\(name): \(calls.count) calls, \(found.isEmpty ? "as expected" : "not as expected")")
      for line in found { print("  \(line)") }
      differences += found.count
    }
    if differences > 0 { throw ExitCode(1) }
  }

  private func fail(_ text: String) throws -> Never {
    complain(text)
    throw ExitCode(66)
  }

  private func list(_ part: String, endings: [String]) throws -> [String] {
    let path = URL(filePath: folder).appending(path: part).path
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      try fail("\(path) is no folder that can be read; name the plugin's folder")
    }
    return names.filter { name in endings.contains { name.hasSuffix($0) } }.sorted()
      .map { path + "/" + $0 }
  }

  private func plugin() throws -> String {
    let found = try list("", endings: [".wasm"])
    guard found.count == 1 else {
      try fail(
        found.isEmpty
          ? "\(folder) has no .wasm file; build it first, with make"
          : "\(folder) has several .wasm files; leave one")
    }
    return found[0]
  }

  private func replay(_ capture: String, _ plugin: String) throws -> [PluginCall] {
    let beside = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "metaflow-agent").path
    let isBeside = FileManager.default.isExecutableFile(atPath: beside)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      agent ?? (isBeside ? beside : "metaflow-agent"), "replay", "--records", "l7", "--plugin",
      plugin, capture,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ExitCode(process.terminationStatus) }
    return try output.split(separator: UInt8(ascii: "\n")).map { try PluginCall($0) }
  }
}
