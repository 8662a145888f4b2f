// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a word of a path's segment is: a run of letters, digits and bytes above ASCII.
enum WordShape {
  /// A name, as far as its letters tell.
  case name
  /// What tells one thing from another of its kind.
  case identifier
  /// A name with a number behind it, which begins so far from the word's start: `user4711`.
  case numbered(Int)

  init(_ word: Span<UInt8>) {
    let facts = Facts(word)
    if facts.digits == 0 {
      self = .name
    } else if facts.digits == word.count {
      self = .identifier
    } else if Self.isVersion(word) {
      self = .name
    } else if facts.isIdentifier(word) {
      self = .identifier
    } else if facts.turns == 1, word[0] &- 0x30 >= 10, facts.digits >= 3 {
      self = .numbered(word.count - facts.digits)
    } else {
      self = .name
    }
  }

  /// `v1`, `v2beta1`, `v2024`: of an interface, not of a thing.
  private static func isVersion(_ word: Span<UInt8>) -> Bool {
    word.count <= 10 && word[0] | 0x20 == UInt8(ascii: "v") && word[1] &- 0x30 < 10
  }

  /// Of what a word is made.
  private struct Facts {
    var digits = 0
    var hasUpper = false
    var hasLower = false
    var isHexadecimal = true
    /// How often a digit follows what is none, or the other way round; and how often a byte is of another
    /// kind than the one before it: digit, small letter, capital letter.
    var turns = 0
    var changes = 0

    init(_ word: Span<UInt8>) {
      var previous = Kind.none
      for index in word.indices {
        let byte = word[index]
        var kind = Kind.lower
        if byte &- 0x30 < 10 {
          kind = .digit
          digits += 1
        } else {
          if byte &- 0x41 < 26 { kind = .upper }
          if (byte | 0x20) &- 0x61 >= 6 { isHexadecimal = false }
          hasUpper = hasUpper || kind == .upper
          hasLower = hasLower || kind == .lower
        }
        if previous != .none, kind != previous {
          changes += 1
          if kind == .digit || previous == .digit { turns += 1 }
        }
        previous = kind
      }
    }

    private enum Kind { case none, digit, lower, upper }

    /// Of a word with digits and others.
    func isIdentifier(_ word: Span<UInt8>) -> Bool {
      let count = word.count
      // A word of such letters with a digit in it, as `face2face`, is none.
      if isHexadecimal { return count >= 6 && digits >= 2 && digits * 5 >= count }
      if count >= 4, digits * 10 >= count * 7 { return true }
      if count == 3, digits == 2, word[2] == UInt8(ascii: "Z") { return true }
      if word[0] == 0x30, word[1] | 0x20 == UInt8(ascii: "x"), count >= 4 { return true }
      if hasUpper, hasLower, count >= 8, changes * 2 >= count { return true }
      if turns >= 3, count >= 5, digits * 10 >= count * 3 { return true }
      return turns >= 4 && count >= 12 || turns >= 2 && digits >= 3 && count >= 24
    }
  }
}
