// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// `metaflow plugin`, as somebody uses it who makes one.
  @Suite struct PluginCommands {
    private func shell(_ folder: URL, _ command: String) throws -> CommandResult {
      let path = URL(filePath: Stack.product("metaflow")).deletingLastPathComponent().path
      return try run(
        "bash", ["-c", "cd '\(folder.path)' && PATH='\(path)':$PATH && \(command)"], checked: false)
    }

    @Test(arguments: [
      "--kind protocol", "--kind hook", "--language swift",
    ])
    func aNewPluginIsMadeBuiltAndTested(options: String) throws {
      let folder = try temporaryFolder("plugin")
      defer { try? FileManager.default.removeItem(at: folder) }
      let made = try shell(folder, "metaflow plugin new orders \(options) && make -s -C orders")
      #expect(made.status == 0, "\(made.errors)\(made.output)")
      let again = try shell(folder, "metaflow plugin new orders")
      #expect(again.status == 73 && again.errors.contains("is there already"))
      #expect(try shell(folder, "metaflow plugin test orders").status == 66)

      let captures = folder.appending(path: "orders/captures")
      try Data(CaptureBuilder.lookUps.bytes())
        .write(to: captures.appending(path: "names.pcap"))
      let first = try shell(folder, "metaflow plugin test orders")
      #expect(first.status == 0 && first.output.contains("10 calls, written to"), "\(first)")
      let second = try shell(folder, "metaflow plugin test orders")
      #expect(second.status == 0 && second.output.contains("10 calls, as expected"), "\(second)")

      let file = captures.appending(path: "names.expected")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing("a3.test", with: "b3.test").utf8).write(to: file)
      let third = try shell(folder, "metaflow plugin test orders")
      #expect(third.status == 1 && third.output.contains("expected \"b3.test\""), "\(third)")
    }

    @Test func theAgentSaysWhatPluginsAre() throws {
      let folder = try temporaryFolder("plugin")
      defer { try? FileManager.default.removeItem(at: folder) }
      let told = try shell(
        folder,
        "metaflow plugin new orders && make -s -C orders && metaflow-agent plugins orders/orders.wasm"
      )
      #expect(
        told.output.contains("orders 0.1.0: protocol orders, number 240, ports 9000"), "\(told)")
      let refused = try shell(folder, "metaflow-agent plugins orders/orders.c")
      #expect(refused.status == 78 && refused.errors.contains("it is no module that can be used"))
    }
  }
}
