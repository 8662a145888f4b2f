// SPDX-License-Identifier: Apache-2.0

import CWasm

/// What a call of a plugin may take.
package struct PluginLimits: Hashable, Sendable {
  /// How a call that does not end is told.
  package enum Measure: Hashable, Sendable {
    /// By the processor time that it took, nanoseconds: for a live host.
    case time(Int64)
    /// By instructions, by and large: the same on every machine, so that a replay can be repeated.
    case instructions(UInt64)
  }

  package var measure = Measure.time(1_000_000)
  /// Bytes of memory of one instance.
  package var memory: Int64 = 16 << 20
  /// Bytes of a module's file.
  package var module = 8 << 20

  package init() {}

  /// Those of a replay.
  package static var repeatable: PluginLimits {
    var limits = PluginLimits()
    limits.measure = .instructions(10_000_000)
    return limits
  }

  var raw: mf_wasm_limits {
    switch measure {
    case .time(let nanoseconds):
      mf_wasm_limits(memory: memory, nanoseconds: nanoseconds, instructions: 0)
    case .instructions(let count):
      mf_wasm_limits(memory: memory, nanoseconds: 0, instructions: count)
    }
  }

  var countsInstructions: Bool { if case .instructions = measure { true } else { false } }
}

/// Compiles modules; one for all plugins that are limited in the same way.
package final class SandboxEngine: Sendable {
  package let limits: PluginLimits
  fileprivate let handle: mf_wasm_handle

  package init(_ limits: PluginLimits) throws(PluginError) {
    try SandboxLibrary.load()
    self.limits = limits
    handle = mf_wasm_engine_new(limits.countsInstructions ? 1 : 0)
    guard handle != 0 else {
      throw PluginError("there is no memory, or no thread, for what runs plugins")
    }
  }

  deinit { mf_wasm_engine_delete(handle) }

  /// The binary form of a module that is written as text.
  package static func binary(of text: String) throws(PluginError) -> [UInt8] {
    try SandboxLibrary.load()
    let text = Array(text.utf8)
    var bytes = [UInt8](repeating: 0, count: max(4_096, 2 * text.count))
    var fault = FaultText()
    while true {
      let room = bytes.count
      let count = unsafe text.withUnsafeBytes { source in
        unsafe bytes.withUnsafeMutableBufferPointer { target in
          unsafe fault.write {
            unsafe mf_wasm_of_text(source.baseAddress, text.count, target.baseAddress, room, $0)
          }
        }
      }
      guard count > 0 else { throw PluginError("this is no text of a module: \(fault)") }
      if count <= room { return Array(bytes.prefix(count)) }
      bytes = [UInt8](repeating: 0, count: count)
    }
  }
}

/// A compiled module, and its instances.
final class SandboxModule: Sendable {
  private let engine: SandboxEngine
  private let handle: mf_wasm_handle
  private let pool: mf_wasm_handle

  init(_ bytes: [UInt8], _ engine: SandboxEngine) throws(PluginError) {
    guard bytes.count <= engine.limits.module else {
      throw PluginError(
        "it has \(bytes.count) bytes; a module may have \(engine.limits.module)")
    }
    var fault = FaultText()
    let handle = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe fault.write {
        unsafe mf_wasm_module_new(engine.handle, source.baseAddress, source.count, $0)
      }
    }
    guard handle != 0 else { throw PluginError("it is no module that can be used: \(fault)") }
    var limits = engine.limits.raw
    let pool = unsafe mf_wasm_pool_new(handle, &limits)
    guard pool != 0 else {
      mf_wasm_module_delete(handle)
      throw PluginError("there is no memory for its instances")
    }
    (self.engine, self.handle, self.pool) = (engine, handle, pool)
  }

  deinit {
    mf_wasm_pool_delete(pool)
    mf_wasm_module_delete(handle)
  }

  /// An instance for one call or some; nil while the module is left alone because of its faults.
  func borrow() -> SandboxSeat? {
    var seat = mf_wasm_seat()
    guard unsafe mf_wasm_borrow(pool, &seat) != 0 else { return nil }
    return SandboxSeat(seat)
  }

  /// Lines that its instances wrote to their log since they were asked last; few are kept.
  func takeLog() -> [String] {
    var bytes = [UInt8](repeating: 0, count: Int(MF_WASM_LOG_BYTES))
    let count = unsafe bytes.withUnsafeMutableBufferPointer { room in
      unsafe mf_wasm_pool_take_log(pool, room.baseAddress, room.count)
    }
    return bytes.prefix(count).split(separator: UInt8(ascii: "\n")).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// What was done so far, and the last fault.
  var counters: PluginCounters {
    var raw = mf_wasm_counters()
    var fault = FaultText()
    unsafe fault.write { unsafe mf_wasm_pool_count(pool, &raw, $0) }
    var counters = PluginCounters()
    counters.calls = raw.calls
    counters.traps = raw.faults.1
    counters.cutOffs = raw.faults.2
    counters.overflows = raw.faults.3
    counters.exits = raw.faults.4
    counters.nonsense = raw.faults.5
    counters.skipped = raw.skipped
    counters.timedCalls = raw.timed_calls
    counters.timedNanoseconds = raw.timed_nanoseconds
    counters.memory = raw.memory
    counters.lastFault = fault.description
    return counters
  }
}

/// What a plugin did since it was loaded.
package struct PluginCounters: Hashable, Sendable {
  package var calls: UInt64 = 0
  package var traps: UInt64 = 0
  /// Calls that were ended because they took too long.
  package var cutOffs: UInt64 = 0
  package var overflows: UInt64 = 0
  package var exits: UInt64 = 0
  /// Places outside of its memory, and answers that mean nothing.
  package var nonsense: UInt64 = 0
  /// Times that it was not asked, as it had too many faults.
  package var skipped: UInt64 = 0
  /// Of some of the calls.
  package var timedCalls: UInt64 = 0
  package var timedNanoseconds: UInt64 = 0
  /// Bytes of its instances.
  package var memory: UInt64 = 0
  package var lastFault = ""

  package var faults: UInt64 { traps + cutOffs + overflows + exits + nonsense }
  /// Mean nanoseconds of a call.
  package var nanoseconds: UInt64 { timedCalls > 0 ? timedNanoseconds / timedCalls : 0 }
}
