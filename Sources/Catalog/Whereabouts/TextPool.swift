// SPDX-License-Identifier: Apache-2.0

/// Texts by number, each kept once for as long as somebody uses it.
struct TextPool: Sendable {
  private var numbers: [String: UInt32] = [:]
  private var texts: [String] = []
  private var uses: [UInt32] = []
  private var free: [UInt32] = []

  var count: Int { numbers.count }

  subscript(number: UInt32) -> String { texts[Int(number)] }

  /// The number of a text, with one user more.
  mutating func retain(_ text: String) -> UInt32 {
    if let number = numbers[text] {
      uses[Int(number)] += 1
      return number
    }
    let number: UInt32
    if let recycled = free.popLast() {
      number = recycled
      texts[Int(number)] = text
      uses[Int(number)] = 1
    } else {
      number = UInt32(texts.count)
      texts.append(text)
      uses.append(1)
    }
    numbers[text] = number
    return number
  }

  mutating func release(_ number: UInt32) {
    uses[Int(number)] -= 1
    guard uses[Int(number)] == 0 else { return }
    numbers[texts[Int(number)]] = nil
    texts[Int(number)] = ""
    free.append(number)
  }
}
