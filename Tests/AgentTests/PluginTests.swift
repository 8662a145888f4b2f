// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import Foundation
import Logging
import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Agent

/// Plugins as the agent loads them.
@Suite struct PluginTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func configuration(_ files: [String]) throws -> PluginConfiguration {
    let text = "plugins:\n  files: [\(files.joined(separator: ", "))]\n  payload: 1024"
    var reader = try ConfigurationReader(text: text, name: "agent.yaml")
    return try AgentConfiguration(&reader).plugins
  }

  private func module(_ text: PluginText) throws -> [UInt8] {
    try SandboxEngine.binary(of: text.text)
  }

  private func version(_ version: String) throws -> [UInt8] {
    var text = PluginText.frames
    text.manifest = text.manifest.replacing("1.0.0", with: version)
    return try module(text)
  }

  @Test func filesBecomeProtocolsAndHooks() throws {
    let hook = try module(.hook("(i32.const 0)"))
    try withFiles([("a.wasm", try version("1")), ("b.wasm", hook)]) { paths in
      let set = try configuration(paths).load()
      #expect(set.plugins.map(\.manifest.name) == ["frames", "hook"])
      let protocols = set.applied(to: builtInProtocols)
      #expect(protocols.count == builtInProtocols.count + 1)
      #expect(protocols.last?.descriptor.name == "Frames")
      var text = MetricText()
      set.write(to: &text)
      #expect(text.text.contains("metaflow_agent_plugin_calls_total{plugin=\"frames\"} 2"))
    }
  }

  @Test func aFileThatIsNoPluginIsNamedWithTheReason() throws {
    try withFiles([("a.wasm", [1, 2, 3])]) { paths in
      #expect {
        _ = try configuration(paths).load()
      } throws: {
        "\($0)".hasPrefix("plugin \(paths[0]): it is no module that can be used: ")
      }
    }
    #expect(throws: ConfigurationError("plugin /nowhere.wasm: it is not there, or cannot be read"))
    {
      _ = try configuration(["/nowhere.wasm"]).load()
    }
  }

  @Test func aFileThatChangesIsLoadedWhileOthersGoOn() throws {
    try withFiles([("a.wasm", try version("1"))]) { paths in
      let set = try configuration(paths).load()
      var watch = PluginWatch(set, Self.logger)
      let kind = set.applied(to: [])[0]
      var old = ParserDriver(kind)
      old.feed([0xf7, 7, 1, 0x51, 0x73, 0x75], from: .client)
      for number in 2...4 {
        try Data(try version("\(number)")).write(to: URL(filePath: paths[0]), options: .atomic)
        // It may be written still; it is taken when it stays as it is.
        watch.look()
        #expect(set.plugins[0].manifest.version == "\(number - 1)")
        watch.look()
        #expect(set.plugins[0].manifest.version == "\(number)")
      }
      // What was begun ends, and what begins is read.
      old.feed([0x6d], from: .client)
      #expect(old.messages.map(\.requestID) == [1])
      var new = ParserDriver(kind)
      new.feed([0xf7, 7, 9, 0x51, 0x73, 0x75, 0x6d], from: .client)
      #expect(new.messages.map(\.requestID) == [9])
      #expect(set.plugins[0].replacements == 3)
    }
  }

  @Test func whatCannotTakeThePlaceLeavesItAsItIs() throws {
    var other = PluginText.frames
    other.manifest = other.manifest.replacing("ports: 7000", with: "ports: 7001")
    for bytes in [[0, 1], try module(other), try module(.hook("(i32.const 0)"))] {
      try withFiles([("a.wasm", try version("1"))]) { paths in
        let set = try configuration(paths).load()
        var watch = PluginWatch(set, Self.logger)
        try Data(bytes).write(to: URL(filePath: paths[0]), options: .atomic)
        for _ in 0..<3 { watch.look() }
        #expect(set.plugins[0].manifest.version == "1")
        try FileManager.default.removeItem(atPath: paths[0])
        for _ in 0..<3 { watch.look() }
        #expect(set.plugins[0].replacements == 0)
      }
    }
  }

  private func rules(_ text: String) throws -> FieldRules {
    var reader = try ConfigurationReader(text: text, name: "fields.yaml")
    return try FieldRules(&reader)
  }

  @Test func rulesAreReadFromTheirFile() throws {
    let guide = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/guides/fields.md"), encoding: .utf8)
    let example = String(guide.components(separatedBy: "```yaml\n")[1].prefix { $0 != "`" })
    let rules = try rules(example)
    #expect(rules.name == "order-fields" && rules.rules.count == 2)
    #expect(rules.rules[0].endpoint == "/orders/*" && rules.rules[0].half == .request)
    #expect(
      rules.rules[0].fields == [
        FieldRules.Field(.attribute("order.id"), .json(["order", "id"])),
        FieldRules.Field(.attribute("tenant.id"), .header("x-tenant-id")),
      ])
    #expect(rules.rules[1].success == ["0", "OK"] && rules.rules[1].blamesServer)
    try withFiles([("fields.yaml", Array(example.utf8))]) { paths in
      _ = try configuration(paths).load()
    }
  }

  @Test(arguments: [
    ("payload: 1", "fields.yaml:0: name is missing: give these rules a name"),
    ("name: a", "fields.yaml:0: rules is missing: name at least one rule under it"),
    (
      "name: a\nrules:\n  r:\n    code: json a",
      "fields.yaml:0: rules.r.protocols is missing: name protocols, such as [HTTP]"
    ),
    (
      "name: a\nrules:\n  r:\n    protocols: [HTTP]\n    code: regex a",
      "fields.yaml:5: rules.r.code is 'regex a'; it must be \(FieldRules.Source.expected)"
    ),
  ])
  func wrongRulesAreToldWithTheirLine(text: String, message: String) {
    #expect(throws: ConfigurationError(message)) { _ = try rules(text) }
  }
}
