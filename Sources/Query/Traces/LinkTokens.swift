// SPDX-License-Identifier: Apache-2.0

/// The words of a request that are one thing's own, as the number of an order is: where a service asks
/// for the same thing further down, they show again.
///
/// A word has six letters or more, three digits among them, so that names, versions and short numbers
/// are none. Dates are, which is one reason why a word alone is not certain.
enum LinkTokens {
  private static let leastLength = 6
  private static let leastDigits = 3
  /// Of one text.
  private static let mostTokens = 8

  static func tokens(of text: String) -> [String] {
    var found: [String] = []
    var word: [UInt8] = []
    var digits = 0
    func end() {
      if word.count >= leastLength, digits >= leastDigits {
        let token = String(decoding: word, as: UTF8.self)
        if !found.contains(token) { found.append(token) }
      }
      word.removeAll(keepingCapacity: true)
      digits = 0
    }
    for byte in text.utf8 where found.count < mostTokens {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits += 1
        word.append(byte)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        word.append(byte)
      default: end()
      }
    }
    if found.count < mostTokens { end() }
    return found
  }
}
