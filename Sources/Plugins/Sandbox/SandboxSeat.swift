// SPDX-License-Identifier: Apache-2.0

import CWasm

/// An instance of a module that is one's own until the seat ends. Whatever a module says of places in its
/// memory is checked where it is copied.
struct SandboxSeat: ~Copyable {
  enum Function {
    case abi, describe, recognize, read, message
    /// Those of DeepFlow's interface.
    case hooks, check, parse, httpRequest, httpResponse

    fileprivate var raw: mf_wasm_export {
      switch self {
      case .abi: MF_WASM_ABI
      case .describe: MF_WASM_DESCRIBE
      case .recognize: MF_WASM_RECOGNIZE
      case .read: MF_WASM_READ
      case .message: MF_WASM_MESSAGE
      case .hooks: MF_WASM_HOOKS
      case .check: MF_WASM_CHECK
      case .parse: MF_WASM_PARSE
      case .httpRequest: MF_WASM_HTTP_REQUEST
      case .httpResponse: MF_WASM_HTTP_RESPONSE
      }
    }
  }

  private let seat: mf_wasm_seat
  var instance: mf_wasm_handle { seat.instance }
  private var outcome = MF_WASM_DONE

  init(_ seat: mf_wasm_seat) { self.seat = seat }

  deinit { mf_wasm_give_back(seat.instance, outcome) }

  /// Where its desk is; 0 when it has none.
  var desk: UInt32 { seat.desk }
  var payload: UInt32 { seat.payload }
  var payloadRoom: Int { Int(seat.payload_room) }
  var texts: UInt32 { seat.texts }
  var textsRoom: Int { Int(seat.texts_room) }

  func exports(_ function: Function) -> Bool { mf_wasm_exports(seat.instance, function.raw) == 1 }

  /// What it answers; nil when the call had to be ended. The instance is not used again then.
  mutating func call(_ function: Function) -> Int32? {
    var result: Int32 = 0
    outcome = unsafe mf_wasm_call(seat.instance, function.raw, &result)
    return outcome == MF_WASM_DONE ? result : nil
  }

  /// Counts what it said as a fault. The instance is not used again.
  mutating func blame(_ reason: StaticString) {
    outcome = MF_WASM_NONSENSE
    reason.withUTF8Buffer { text in
      unsafe text.withMemoryRebound(to: CChar.self) { text in
        unsafe mf_wasm_blame(seat.instance, text.baseAddress, text.count)
      }
    }
  }

  /// Whether the bytes fit in its memory there.
  func write(_ bytes: Span<UInt8>, at place: UInt32) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe mf_wasm_write(seat.instance, place, source.baseAddress, source.count) != 0
    }
  }

  /// Fills the first `count` of `bytes`, of which there must be so many, from its memory; false when so many
  /// do not lie there.
  func read(_ bytes: inout MutableSpan<UInt8>, first count: Int, at place: UInt32) -> Bool {
    precondition(count <= bytes.count, "there is room for what is read")
    return unsafe bytes.withUnsafeMutableBufferPointer { target in
      unsafe mf_wasm_read(seat.instance, place, target.baseAddress, count) != 0
    }
  }
}
