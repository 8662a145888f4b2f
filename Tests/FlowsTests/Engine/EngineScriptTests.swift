// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The runs that the fuzzer of the engine makes, by seeds. One test, as the toy parsers count what they
/// hand out in one place.
@Suite(.serialized) struct EngineScriptTests {
  @Test func everyRequestLeavesExactlyOnce() {
    for seed: UInt64 in 0..<600 {
      var dice = SeededGenerator(seed: seed)
      let bytes = dice.bytes(count: 100 + dice.roll(2_400))
      let faults = EngineScript.run(bytes)
      #expect(faults.isEmpty, "seed \(seed): \(faults)")
      if !faults.isEmpty { break }
    }
  }

  /// The inputs that were kept, those of faults that were mended among them.
  @Test func whatWasFoundOnceIsNotFoundAgain() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Fuzz/FlowEngine/Seeds")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(!names.isEmpty)
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      let digits = text.filter { !$0.isWhitespace }
      let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { start in
        UInt8(digits.dropFirst(start).prefix(2), radix: 16)
      }
      #expect(bytes.count == digits.count / 2, "\(name) is hexadecimal")
      let faults = EngineScript.run(bytes)
      #expect(faults.isEmpty, "\(name): \(faults)")
    }
  }
}
