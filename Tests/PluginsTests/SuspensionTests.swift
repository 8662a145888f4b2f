// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import TestSupport
import Testing

/// A plugin that has faults again and again is left alone for a while.
@Suite struct SuspensionTests {
  private static let request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

  /// Asks a hook that always fails about so many requests.
  private func ask(_ count: Int) throws -> (PluginCounters, [ExpectedMessage]) {
    let plugin = try PluginText.hook("unreachable").plugin()
    var set = PluginSet()
    try set.add(plugin, payload: 0)
    let held = hold(
      set.applied(to: [HTTP1()])[0],
      [Talk(.client, String(repeating: Self.request, count: count))])
    return (plugin.counters, held.messages)
  }

  @Test func theBuiltInAnswerStands() throws {
    let (counters, messages) = try ask(5)
    #expect(
      messages == hold(HTTP1(), [Talk(.client, String(repeating: Self.request, count: 5))]).messages
    )
    #expect(counters.traps == 3 && counters.skipped == 2)
  }

  @Test func itIsAskedAgainAfterAWhileWhichGrows() throws {
    let (counters, _) = try ask(3 + 1_000 + 3 + 2_000 + 3)
    #expect(counters.traps == 9 && counters.skipped == 3_000)
  }

  /// A fault now and then only costs the instance it happened in.
  @Test func rareFaultsDoNotSuspend() throws {
    let every = 1_200
    let plugin = try PluginText(
      manifest: "name: h\nversion: 1\nkind: hook\nprotocols: HTTP",
      body: """
        (global $calls (mut i32) (i32.const 0))
        (func (export "metaflow_message") (result i32)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (i32.gt_u (global.get $calls) (i32.const \(every))) (then unreachable))
          (i32.const 0))
        """
    ).plugin()
    var set = PluginSet()
    try set.add(plugin, payload: 0)
    _ = hold(
      set.applied(to: [HTTP1()])[0],
      [Talk(.client, String(repeating: Self.request, count: 5 * (every + 1)))])
    #expect(plugin.counters.traps == 5 && plugin.counters.skipped == 0)
  }
}
