// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite struct ScanTests {
  /// Eight bytes are looked at in one go, so every place in a word and around its ends matters.
  @Test func aByteIsFoundWhereverItStands() {
    for count in 0..<40 {
      for position in 0..<count {
        var bytes = [UInt8](repeating: 0x0B, count: count)
        bytes[position] = 0x0A
        #expect(bytes.span.firstIndex(of: 0x0A, from: 0, to: count) == position)
        #expect(bytes.span.firstIndex(of: 0x0A, from: position, to: position + 1) == position)
        #expect(bytes.span.firstIndex(of: 0x0A, from: 0, to: position) == nil)
        #expect(bytes.span.firstIndex(of: 0x0A, from: position + 1, to: count) == nil)
      }
    }
  }

  @Test(arguments: [21, 22] as [UInt64])
  func searchingAgreesWithTheObviousWay(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
        [0, 1, 0x0A, 0x7F, 0x80, 0x8A, 0xFF].randomElement(using: &random) ?? 0 as UInt8
      }
      let end = Int.random(in: 0...bytes.count, using: &random)
      let start = Int.random(in: 0...end, using: &random)
      for byte in [0, 0x0A, 0x80, 0xFF] as [UInt8] {
        #expect(
          bytes.span.firstIndex(of: byte, from: start, to: end)
            == bytes[start..<end].firstIndex(of: byte), "seed \(seed): \(bytes)")
      }
    }
  }

  @Test func aBlankIsFoundWhereverItStands() {
    for count in 0..<40 {
      for position in 0..<count {
        for byte in [0, 0x20, 0x7F, 0x21, 0x7E, 0x80, 0xFF] as [UInt8] {
          var bytes = [UInt8](repeating: 0x61, count: count)
          bytes[position] = byte
          let place = byte <= 0x20 || byte == 0x7F ? position : nil
          #expect(bytes.span.firstBlankOrControl(from: 0, to: count) == place)
          #expect(bytes.span.firstBlankOrControl(from: position, to: position + 1) == place)
          #expect(bytes.span.firstBlankOrControl(from: 0, to: position) == nil)
          #expect(bytes.span.firstBlankOrControl(from: position + 1, to: count) == nil)
        }
      }
    }
  }

  @Test func aWordEndsInZeroesWhereTheBytesEnd() {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    #expect(bytes.span.word(at: 0) == 0x0807_0605_0403_0201)
    #expect(bytes.span.word(at: 1) == 0x0908_0706_0504_0302)
    #expect(bytes.span.word(at: 7) == 0x0908)
    #expect(bytes.span.word(at: 9) == 0)
    #expect(bytes.span.word(at: 100) == 0)
  }
}
