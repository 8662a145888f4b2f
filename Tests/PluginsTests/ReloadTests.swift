// SPDX-License-Identifier: Apache-2.0

import Foundation
import Plugins
import Testing

@Suite(.serialized) struct ReloadTests {
  /// Pages of memory that are the process's own.
  private func residentPages() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let numbers = text.split(separator: " ").compactMap { Int($0) }
    return numbers[1] - numbers[2]
  }

  @Test func loadingAgainAndAgainTakesNoMemory() throws {
    let bytes = try SandboxEngine.binary(
      of: """
        (module
          (memory (export "memory") 1)
          (data (i32.const 2048) "name: small\\0aversion: 1\\0akind: hook\\0aprotocols: HTTP\\00")
          (func (export "metaflow_desk") (result i32) (i32.const 1024))
          (func (export "metaflow_abi") (result i32) (i32.const 1))
          (func (export "metaflow_describe") (result i32) (i32.const 2048))
          (func (export "metaflow_message") (result i32) (i32.const 0)))
        """)
    let engine = try SandboxEngine(PluginLimits())
    for _ in 0..<1_000 { _ = try Plugin(bytes, engine) }
    let before = try residentPages()
    for _ in 0..<10_000 { _ = try Plugin(bytes, engine) }
    let grown = try residentPages() - before
    // An instance has 16 pages; what leaks each time would be a hundred thousand. Tests beside this one
    // take some, too.
    #expect(grown < 20_000, "\(grown) pages more")
  }
}
