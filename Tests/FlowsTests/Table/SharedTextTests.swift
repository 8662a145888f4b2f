// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

struct SharedTextTests {
  private func read(_ texts: SharedTexts, _ number: UInt32) -> String? {
    var batch = RecordBatch()
    return texts.write(number, into: &batch).map { batch.string($0) }
  }

  @Test func aTextIsKeptOnceUntilItsLastHolderIsGone() {
    var texts = SharedTexts(bytes: 2 * TextPool.blockSize, seed: 1)
    let name = Array("shop.example".utf8)
    let first = texts.hold(name.span)
    #expect(texts.hold(name.span) == first)
    texts.hold(first)
    for _ in 0..<2 {
      texts.release(first)
      #expect(read(texts, first) == "shop.example")
    }
    texts.release(first)
    #expect(texts.count == 0)
  }

  @Test func withoutRoomOrBytesThereIsNone() {
    var texts = SharedTexts(bytes: 2 * TextPool.blockSize, seed: 1)
    let long = Array(repeating: UInt8(ascii: "x"), count: TextPool.blockSize + 1)
    let number = texts.hold(long.span)
    #expect(number != SharedTexts.none)
    let other = Array("a".utf8)
    #expect(texts.hold(other.span) == SharedTexts.none)
    #expect(texts.hold([UInt8]().span) == SharedTexts.none)
    texts.release(SharedTexts.none)
    texts.release(number)
    #expect(texts.hold(other.span) != SharedTexts.none)
  }

  /// Against a plain dictionary, with texts that differ in their last byte, at both sides of a block's
  /// end.
  @Test(arguments: 0..<8) func whatIsHeldIsThere(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var texts = SharedTexts(bytes: 1 << 16, seed: seed)
    var held: [(number: UInt32, text: [UInt8])] = []
    for _ in 0..<3_000 {
      if Bool.random(using: &generator) || held.isEmpty {
        let length = [1, 127, 128, 129, 255].randomElement(using: &generator) ?? 1
        var text = [UInt8](repeating: 7, count: length)
        text[length - 1] = UInt8.random(in: 0..<8, using: &generator)
        held.append((texts.hold(text.span), text))
      } else {
        let left = held.remove(at: Int.random(in: 0..<held.count, using: &generator))
        texts.release(left.number)
      }
      #expect(texts.count == Set(held.map(\.text)).count, "seed \(seed)")
    }
    for (number, text) in held {
      #expect(read(texts, number) == String(decoding: text, as: UTF8.self), "seed \(seed)")
    }
  }
}
