// SPDX-License-Identifier: Apache-2.0

import CWasm

/// Room in which the sandbox says what is wrong.
struct FaultText: CustomStringConvertible {
  private var bytes = [CChar](repeating: 0, count: Int(MF_WASM_FAULT_BYTES))

  var description: String {
    String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var isEmpty: Bool { bytes[0] == 0 }

  /// Lends the room to `body`, which writes a text with a closing zero into it, or nothing.
  @unsafe mutating func write<Answer>(_ body: (UnsafeMutablePointer<CChar>) -> Answer) -> Answer {
    unsafe bytes.withUnsafeMutableBufferPointer { room in
      guard let place = room.baseAddress else { preconditionFailure("the room is not empty") }
      return unsafe body(place)
    }
  }
}
