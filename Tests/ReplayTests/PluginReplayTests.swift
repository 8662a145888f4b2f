// SPDX-License-Identifier: Apache-2.0

import Foundation
import Plugins
import Protocols
import Replay
import Telemetry
import TestSupport
import Testing

/// Plugins in the pipeline that live packets take.
@Suite struct PluginReplayTests {
  private func set(_ plugins: PluginText...) throws -> PluginSet {
    var set = PluginSet()
    let engine = try SandboxEngine(.repeatable)
    for text in plugins {
      try set.add(try Plugin(try SandboxEngine.binary(of: text.text), engine), payload: 4_096)
    }
    return set
  }

  private func lines(_ path: String, _ plugins: PluginSet) throws -> String {
    let protocols = plugins.applied(to: builtInProtocols)
    return try written(protocols: protocols) { sink in
      var progress = ReplayProgress(to: -1)
      let summary = try Replay(files: [path], protocols: protocols)
        .run(into: &sink, progress: &progress)
      #expect(summary.faults == [])
    }
  }

  /// Frames in datagrams: so many requests, each answered after 100 us.
  private func capture(_ count: Int) -> CaptureBuilder {
    var capture = CaptureBuilder()
    let (client, server) = (
      CaptureBuilder.End(host: 1, port: 40_000), CaptureBuilder.End(host: 2, port: 7_000)
    )
    for number in 0..<count {
      let time = CaptureBuilder.start + Int64(number) * 1_000
      let id = UInt8(truncatingIfNeeded: number)
      capture.datagram([0xf7, 7, id, 0x51] + Array("sum".utf8), from: client, to: server, at: time)
      capture.datagram([0xf7, 5, id, 0x41, 0x39], from: server, to: client, at: time + 100)
    }
    return capture
  }

  private static var frames: PluginText {
    var text = PluginText.frames
    text.manifest += "\ntransport: udp"
    return text
  }

  @Test func whatDoesNothingChangesNoByte() throws {
    let hook = PluginText.hook("(i32.const 1)", protocols: "DNS", more: "payload: 512")
    var refuses = Self.frames
    refuses.body = """
      (func (export "metaflow_recognize") (result i32) (i32.const 0))
      (func (export "metaflow_read") (result i32) (i32.const 0))
      """
    try CaptureBuilder.lookUps.withFile { path in
      let without = try lines(path, PluginSet())
      #expect(without.contains("a3.test"))
      let plugins = try set(hook, refuses)
      #expect(try lines(path, plugins) == without)
      // Each message once, and twice when it was loaded.
      #expect(plugins.plugins[0].counters.calls == 22)
    }
  }

  @Test func itsCallsAreRecordsLikeAllOthers() throws {
    try capture(300).withFile { path in
      let plugins = try set(Self.frames)
      let first = try lines(path, plugins)
      let calls = first.split(separator: "\n").filter { $0.contains("l7_flow_log") }
      #expect(calls.count == 300)
      #expect(calls.allSatisfy { $0.contains("\"Frames\"") && $0.contains("\"sum\"") })
      #expect(calls.allSatisfy { $0.contains("\"response_duration\":100") })
      // The same again, whatever the plugin keeps, and from instances that are new.
      #expect(try lines(path, plugins) == first)
      #expect(try lines(path, try set(Self.frames)) == first)
    }
  }

  @Test func theSurerOfTwoHasAConversation() throws {
    var other = Self.frames
    other.manifest = other.manifest
      .replacing("name: frames", with: "name: others").replacing("Frames", with: "Others")
      .replacing("230", with: "231")
    other.manifest += "\nsureness: 101"
    try capture(3).withFile { path in
      for plugins in [try set(Self.frames, other), try set(other, Self.frames)] {
        let text = try lines(path, plugins)
        #expect(text.contains("\"Others\"") && !text.contains("\"Frames\""))
      }
    }
  }

  /// One that cannot be trusted does not change what others read.
  @Test func faultsAreItsOwn() throws {
    var bad = Self.frames
    bad.body = """
      (func (export "metaflow_recognize") (result i32) (loop $l (br $l)) (i32.const 0))
      (func (export "metaflow_read") (result i32) unreachable)
      """
    try CaptureBuilder.lookUps.withFile { path in
      var settings = bad
      settings.manifest = settings.manifest.replacing("opens: f7", with: "sureness: 250")
        .replacing("ports: 7000", with: "ports: 53")
      let plugins = try set(settings)
      #expect(try lines(path, plugins) == (try lines(path, PluginSet())))
      #expect(plugins.plugins[0].counters.cutOffs > 0)
    }
  }
}
