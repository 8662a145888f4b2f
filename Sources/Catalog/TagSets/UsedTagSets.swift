// SPDX-License-Identifier: Apache-2.0

/// The tag sets that rows were given, each once. Noting one costs a bit in a table.
package struct UsedTagSets: Sendable {
  private var words: [UInt64] = []
  /// The words that have a bit.
  private var touched: [Int] = []

  package init() {}

  @inline(__always)
  package mutating func insert(_ ends: EndTags) {
    guard ends.tagSet != 0 else { return }
    let word = Int(ends.tagSet >> 6)
    if word >= words.count { grow(to: word) }
    if words[word] == 0 { touched.append(word) }
    words[word] |= 1 << UInt64(ends.tagSet & 63)
  }

  @inline(never)
  private mutating func grow(to word: Int) {
    words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
  }

  /// Calls `body` with each of them, and forgets them.
  mutating func drain(_ body: (UInt32) -> Void) {
    for word in touched {
      var bits = words[word]
      while bits != 0 {
        body(UInt32(word << 6 + bits.trailingZeroBitCount))
        bits &= bits - 1
      }
      words[word] = 0
    }
    touched.removeAll(keepingCapacity: true)
  }
}
