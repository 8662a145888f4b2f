// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Numbers the distinct texts of one column of one block, in the order of their first appearance.
///
/// Number 0 is the empty text. Probing starts at a seeded hash, so a sender cannot choose texts
/// that collide.
struct TextDictionary: Sendable {
  /// Every key, each behind its LEB128 length: what a block carries.
  var keys = LittleEndianWriter()
  /// Where the bytes of each key begin and end in `keys`.
  var bounds: [Range<UInt32>] = []
  var hashes: [UInt64] = []
  /// Key number plus one, 0 where free. A power of two of them, at most half of them taken.
  var slots: [UInt32]
  /// The number handed out last: neighbours repeat.
  var last: UInt32 = 0

  static let seed = UInt64.random(in: 0...UInt64.max)

  init() {
    slots = Array(repeating: 0, count: 64)
    addEmpty()
  }

  var count: Int { bounds.count }

  /// Forgets all keys but the empty one; keeps the room unless it is far more than was needed.
  mutating func removeAll() {
    let needed = bounds.count * 8
    keys.removeAll()
    bounds.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
    if slots.count > max(needed, 64) {
      slots = Array(repeating: 0, count: slots.count / 2)
    } else {
      for index in slots.indices { slots[index] = 0 }
    }
    last = 0
    addEmpty()
  }

  /// The empty text is never looked up by hash: ``number(of:)`` answers it directly.
  private mutating func addEmpty() {
    keys.append(0 as UInt8)
    bounds.append(1..<1)
    hashes.append(0)
  }

  /// The number of `text`, which is added when it is new.
  mutating func number(of text: Span<UInt8>) -> UInt32 {
    if text.isEmpty { return 0 }
    if matches(last, text) { return last }
    let number = find(text)
    last = number
    return number
  }

  func matches(_ number: UInt32, _ text: Span<UInt8>) -> Bool {
    let key = bounds[Int(number)]
    guard key.count == text.count else { return false }
    let start = Int(key.lowerBound)
    let stored = keys.span.clipped(from: start, to: start + text.count)
    var index = 0
    while index < text.count {
      if stored.word(at: index) != text.word(at: index) { return false }
      index += 8
    }
    return true
  }

  mutating func find(_ text: Span<UInt8>) -> UInt32 {
    let hash = Self.hash(text)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if hashes[Int(number)] == hash, matches(number, text) { return number }
      slot = (slot + 1) & mask
    }
    return add(text, hash: hash, at: slot)
  }

  private mutating func add(_ text: Span<UInt8>, hash: UInt64, at slot: Int) -> UInt32 {
    let number = UInt32(bounds.count)
    keys.appendVarint(UInt64(text.count))
    let start = UInt32(keys.count)
    keys.append(text)
    bounds.append(start..<UInt32(keys.count))
    hashes.append(hash)
    slots[slot] = number + 1
    if bounds.count * 2 > slots.count { rehash() }
    return number
  }

  private mutating func rehash() {
    slots = Array(repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for number in 1..<bounds.count {
      var slot = Int(truncatingIfNeeded: hashes[number]) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(number) + 1
    }
  }

  /// Eight bytes a step, each multiplied to 128 bits and folded.
  static func hash(_ text: Span<UInt8>) -> UInt64 {
    var hash = seed ^ UInt64(text.count)
    var offset = 0
    while offset < text.count {
      var word: UInt64 = 0
      let stop = min(offset + 8, text.count)
      while offset < stop {
        word = word << 8 | UInt64(text[offset])
        offset += 1
      }
      let product = (hash ^ word ^ 0x9e37_79b9_7f4a_7c15)
        .multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
      hash = product.high ^ product.low ^ seed
    }
    return hash
  }
}
