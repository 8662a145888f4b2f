// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@Suite struct AttributesTests {
  private func read(_ run: Text, in text: [UInt8]) -> [String] {
    var walk = AttributeWalk(run, in: text.span)
    var found: [String] = []
    while let next = walk.next(in: text.span) {
      let parts = [next.name, next.value].map { part in
        String(decoding: text[Int(part.offset)..<Int(part.offset + part.length)], as: UTF8.self)
      }
      found.append(parts.joined(separator: "="))
    }
    return found
  }

  private func append(_ name: String, _ value: String, to run: inout [UInt8]) {
    Attributes.append(name: Array(name.utf8).span, value: Array(value.utf8).span, to: &run)
  }

  @Test func attributesComeBackInOrder() {
    var text = Array("before".utf8)
    append("kafka.topic", "orders", to: &text)
    append("empty", "", to: &text)
    append("", "nameless", to: &text)
    append("long", String(repeating: "x", count: 200), to: &text)
    let run = Text(offset: 6, length: UInt32(text.count - 6))
    #expect(
      read(run, in: text + Array("behind".utf8)) == [
        "kafka.topic=orders", "long=" + String(repeating: "x", count: 200),
      ])
  }

  @Test func namesAndValuesAreCut() {
    var text: [UInt8] = []
    append(String(repeating: "n", count: 500), String(repeating: "v", count: 5_000), to: &text)
    let found = read(Text(offset: 0, length: UInt32(text.count)), in: text)
    #expect(found.map(\.utf8.count) == [Attributes.nameBytes + 1 + Attributes.valueBytes])
  }

  @Test func furtherOnesAreNotLookedAt() {
    var text: [UInt8] = []
    for number in 0..<(Attributes.limit + 9) { append("n\(number)", "v", to: &text) }
    let found = read(Text(offset: 0, length: UInt32(text.count)), in: text)
    #expect(found.count == Attributes.limit)
  }

  /// A run is anyone's bytes once it has travelled.
  @Test(arguments: UInt64(0)..<200) func anyBytesEnd(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let text = random.bytes(count: Int(random.next() % 60))
    for offset: UInt32 in [0, 5, .max] {
      for length: UInt32 in [0, UInt32(text.count), .max] {
        #expect(read(Text(offset: offset, length: length), in: text).count <= Attributes.limit)
      }
    }
  }

  /// What a column is called is asked by its name, so no two have one.
  @Test func columnsOfCallsHaveNamesOfTheirOwn() {
    let names = CallColumn.all.map { "\($0.name)" }
    #expect(Set(names).count == names.count)
    #expect(names.count <= CallValues.capacity)
  }
}
