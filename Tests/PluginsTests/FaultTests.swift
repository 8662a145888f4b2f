// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

/// What plugins do wrong is told, counted, and ends with them.
@Suite struct FaultTests {
  /// Bodies of a function that returns an i32.
  enum Misdeed: String, CaseIterable, CustomTestStringConvertible {
    case trap = "unreachable"
    case loop = "(loop $l (br $l)) (i32.const 0)"
    case recursion = "(call $deeper)"
    case division = "(i32.div_u (i32.const 1) (call $get (i32.const 600)))"
    case outside = "(i32.load (i32.const -8))"
    case exit = "(call $exit (i32.const 3)) (i32.const 0)"

    var testDescription: String { "\(self)" }

    func isCounted(_ counters: PluginCounters) -> Bool {
      switch self {
      case .trap, .division, .outside: counters.traps == 1
      case .loop: counters.cutOffs == 1
      case .recursion: counters.overflows == 1
      case .exit: counters.exits == 1
      }
    }
  }

  static let extras = "(func $deeper (result i32) (call $deeper))"

  private func withExit(_ text: PluginText) throws -> [UInt8] {
    let imported = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    return try SandboxEngine.binary(
      of: text.text.replacing("(module", with: "(module \(imported)", maxReplacements: 1))
  }

  private func plugin(_ text: PluginText, _ limits: PluginLimits = .repeatable) throws -> Plugin {
    try Plugin(try withExit(text), try SandboxEngine(limits))
  }

  private static var shortTime: PluginLimits {
    var limits = PluginLimits()
    limits.measure = .time(1_000_000)
    return limits
  }

  @Test(arguments: Misdeed.allCases, [PluginLimits.repeatable, shortTime])
  func readingEndsWithWhatItMayNotDo(misdeed: Misdeed, limits: PluginLimits) throws {
    let plugin = try plugin(
      PluginText(
        manifest: PluginText.frameManifest,
        body: """
          \(Self.extras)
          (func (export "metaflow_recognize") (result i32) (i32.const 3))
          (func (export "metaflow_read") (result i32) \(misdeed.rawValue))
          """), limits)
    let kind = try #require(PluginProtocol(PluginSlot(plugin)))
    let held = hold(kind, [Talk(.client, "hello")])
    #expect(held.messages == [] && held.error != nil)
    #expect(misdeed.isCounted(plugin.counters), "\(plugin.counters)")
    #expect(plugin.counters.lastFault != "")
  }

  @Test(arguments: Misdeed.allCases)
  func recognisingToo(misdeed: Misdeed) throws {
    let plugin = try plugin(
      PluginText(
        manifest: PluginText.frameManifest,
        body: """
          \(Self.extras)
          (func (export "metaflow_recognize") (result i32) \(misdeed.rawValue))
          (func (export "metaflow_read") (result i32) (i32.const 0))
          """))
    let context = RecognitionContext(transport: .tcp, side: nil, serverPort: 1)
    #expect(PluginProtocol(PluginSlot(plugin))?.recognize([1].span, context: context) == .no)
    #expect(misdeed.isCounted(plugin.counters), "\(plugin.counters)")
  }

  @Test(arguments: Misdeed.allCases, ["metaflow_abi", "metaflow_describe", "metaflow_desk"])
  func itIsNotLoadedWhenItFailsAtThat(misdeed: Misdeed, function: String) throws {
    var text = PluginText.frames
    text.body += Self.extras
    let good = text.text
    let marks = ["metaflow_abi": "(i32.const 1)", "metaflow_describe": "(i32.const 2048)"]
    let mark = marks[function] ?? "(i32.const \(PluginText.desk))"
    let head = "(func (export \"\(function)\") (result i32) "
    let bad = good.replacing(head + mark, with: head + misdeed.rawValue)
      .replacing(
        "(module",
        with:
          "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))",
        maxReplacements: 1)
    #expect(bad != good)
    let bytes = try SandboxEngine.binary(of: bad)
    #expect(throws: PluginError.self) {
      _ = try Plugin(bytes, try SandboxEngine(.repeatable))
    }
  }

  /// What a read answers that means nothing: a place in the desk, and what is put there.
  @Test(arguments: [
    "a text behind the memory": [144: 1, 152: 4, 232: 0x7fff_0000, 236: 5],
    "a text that ends behind it": [144: 1, 152: 4, 232: 131_070, 236: 5],
    "an endless text": [144: 1, 152: 4, 232: -1, 236: -1],
    "too many attributes": [144: 1, 152: 4, 212: 17],
    "an attribute's name elsewhere": [
      144: 1, 152: 4, 212: 1, 344: -5, 348: 9, 352: 8_192, 356: 2,
    ],
    "an attribute's value elsewhere": [
      144: 1, 152: 4, 212: 1, 344: 8_192, 348: 2, 352: -5, 356: 9,
    ],
    "a step of the future": [144: 8, 152: 1],
    "no step": [144: 0],
    "nothing to skip": [144: 2, 152: 0],
    "more than a stream": [144: 2, 152: 0, 156: 0x100_0000],
    "a kind that is none": [144: 1, 148: 9, 152: 4],
    "a status that is none": [144: 1, 152: 4, 196: 32, 200: 77],
    "a body without a head": [144: 5, 152: 1],
    "an end without a head": [144: 6, 152: 1],
    "a head behind the view": [144: 1, 152: 400, 204: 2],
    "more of nothing": [144: 7, 152: 1],
  ])
  func nonsenseIsAFault(name: String, puts: [Int: Int32]) throws {
    let body = puts.map { "(call $put (i32.const \($0)) (i32.const \($1)))" }.joined()
    let plugin = try PluginText(
      manifest: PluginText.frameManifest,
      body: """
        (func (export "metaflow_recognize") (result i32) (i32.const 3))
        (func (export "metaflow_read") (result i32) \(body) (i32.const 1))
        """
    ).plugin()
    let kind = try #require(PluginProtocol(PluginSlot(plugin)))
    let held = hold(kind, [Talk(.client, "hello")])
    #expect(held.messages == [] && held.error != nil, "\(name)")
    #expect(plugin.counters.nonsense == 1, "\(name): \(plugin.counters)")
  }

  /// Functions that a module may import, with places that are not in its memory.
  @Test(arguments: [
    ("metaflow", "log", "(param i32 i32)", "(call $f (i32.const -4) (i32.const 9)) (i32.const 7)"),
    (
      "wasi_snapshot_preview1", "fd_write", "(param i32 i32 i32 i32) (result i32)",
      "(call $f (i32.const 1) (i32.const -8) (i32.const 4) (i32.const 0))"
    ),
    (
      "wasi_snapshot_preview1", "fd_write", "(param i32 i32 i32 i32) (result i32)",
      "(call $f (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0))"
    ),
    (
      "wasi_snapshot_preview1", "fd_write", "(param i32 i32 i32 i32) (result i32)",
      "(call $f (i32.const 1) (i32.const 0) (i32.const 1) (i32.const -1))"
    ),
    (
      "wasi_snapshot_preview1", "random_get", "(param i32 i32) (result i32)",
      "(call $f (i32.const 65536) (i32.const 70000))"
    ),
    (
      "wasi_snapshot_preview1", "environ_sizes_get", "(param i32 i32) (result i32)",
      "(call $f (i32.const -4) (i32.const -1))"
    ),
    (
      "wasi_snapshot_preview1", "args_sizes_get", "(param i32 i32) (result i32)",
      "(call $f (i32.const 131071) (i32.const 4))"
    ),
  ])
  func wrongPlacesGivenToTheHostDoNothing(
    module: String, name: String, type: String, call: String
  ) throws {
    let imported = "(import \"\(module)\" \"\(name)\" (func $f \(type)))"
    let text = PluginText.hook("\(call)").text.replacing(
      "(module", with: "(module \(imported)", maxReplacements: 1)
    let plugin = try Plugin(
      try SandboxEngine.binary(of: text), try SandboxEngine(.repeatable))
    var set = PluginSet()
    try set.add(plugin, payload: 0)
    let held = hold(set.applied(to: [HTTP1()])[0], [Talk(.client, "GET / HTTP/1.1\r\n\r\n")])
    // An error number is answered, which says that there is nothing to take; or the call ends.
    #expect(held.messages.count == 1 && held.error == nil)
    #expect(plugin.counters.calls >= 1)
  }

  @Test func whatIsNoModuleIsSaidToBeNone() throws {
    let engine = try SandboxEngine(.repeatable)
    for bytes: [UInt8] in [[], [0], Array("\0asm".utf8), Array(repeating: 7, count: 999)] {
      #expect(throws: PluginError.self) { _ = try Plugin(bytes, engine) }
    }
    #expect {
      _ = try Plugin([UInt8](repeating: 0, count: 50 << 20), engine)
    } throws: {
      "\($0)" == "it has 52428800 bytes; a module may have 8388608"
    }
  }

  @Test func aModuleThatIsNoPluginSaysWhatItLacks() throws {
    let bytes = try SandboxEngine.binary(of: "(module (memory (export \"memory\") 1))")
    #expect {
      _ = try Plugin(bytes, try SandboxEngine(.repeatable))
    } throws: {
      "\($0)".hasPrefix("it lacks metaflow_abi")
    }
  }

  @Test func anInterfaceOfTheFutureIsRefused() throws {
    var text = PluginText.frames
    text.abi = 2
    let bytes = try text.bytes()
    #expect {
      _ = try Plugin(bytes, try SandboxEngine(.repeatable))
    } throws: {
      "\($0)" == "it is made for version 2 of the interface; this agent knows 1"
    }
  }

  @Test func whatIsImportedAndNotThereIsNamed() throws {
    let text = PluginText.frames.text.replacing(
      "(module", with: "(module (import \"env\" \"open\" (func $open (param i32)))",
      maxReplacements: 1)
    let bytes = try SandboxEngine.binary(of: text)
    #expect {
      _ = try Plugin(bytes, try SandboxEngine(.repeatable))
    } throws: {
      "\($0)".contains("env::open")
    }
  }

  @Test func memoryIsBounded() throws {
    var text = PluginText.frames
    text.pages = 300
    let tooLarge = try text.bytes()
    #expect(throws: PluginError.self) {
      _ = try Plugin(tooLarge, try SandboxEngine(.repeatable))
    }
    // Growing fails for the plugin, which may go on.
    let plugin = try PluginText.hook("(memory.grow (i32.const 1000)) (drop) (i32.const 0)").plugin()
    var set = PluginSet()
    try set.add(plugin, payload: 0)
    _ = hold(set.applied(to: [HTTP1()])[0], [Talk(.client, "GET / HTTP/1.1\r\n\r\n")])
    #expect(plugin.counters.faults == 0 && plugin.counters.calls > 0)
    #expect(plugin.counters.memory <= 16 << 20)
  }

  @Test(
    arguments: [[65_536 * 2, 10, 0, 0], [8_192, 200_000, 0, 0], [0, 0, .max, 1]] as [[UInt32]])
  func roomsThatAreNotInTheMemoryAreRefused(rooms: [UInt32]) throws {
    var text = PluginText.frames
    text.rooms = rooms
    let bytes = try text.bytes()
    #expect(throws: PluginError.self) { _ = try Plugin(bytes, try SandboxEngine(.repeatable)) }
  }
}
