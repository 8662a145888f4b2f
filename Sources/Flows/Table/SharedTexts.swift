// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Texts that many hold, each kept once, for as long as someone does: thousands of flows ask for one
/// host.
struct SharedTexts {
  private struct Entry {
    var bytes: TextPool.Chain
    var hash: UInt32
    var holders: UInt32
  }

  /// What stands for no text.
  static var none: UInt32 { .max }

  private var entries: [Entry] = []
  private var free: [UInt32] = []
  private var index = SlotIndex()
  private var pool: TextPool
  private let seed: UInt64

  /// Holds at most `bytes` of text, in blocks of ``TextPool/blockSize``.
  init(bytes: Int, seed: UInt64) {
    pool = TextPool(limit: bytes)
    self.seed = seed
  }

  /// Different texts that are held.
  var count: Int { index.count }

  /// The number of `text`, which has one holder more; ``none`` for an empty one, or without room.
  mutating func hold(_ text: Span<UInt8>) -> UInt32 {
    guard !text.isEmpty else { return Self.none }
    var hash = Hash(seed: seed)
    hash.combine(text)
    if let known = index.find(hash.value, where: { pool.holds(entries[$0].bytes, text) }) {
      entries[known].holders += 1
      return UInt32(known)
    }
    var entry = Entry(bytes: TextPool.Chain(), hash: hash.value, holders: 1)
    guard pool.append(text, to: &entry.bytes) else { return Self.none }
    let number = free.popLast() ?? UInt32(entries.count)
    if Int(number) == entries.count { entries.append(entry) } else { entries[Int(number)] = entry }
    index.insert(entry.hash, slot: Int(number))
    return number
  }

  /// Gives a text one holder more; nothing happens for ``none``.
  mutating func hold(_ number: UInt32) {
    if number != Self.none { entries[Int(number)].holders += 1 }
  }

  /// Takes a holder away, and with the last one the text; nothing happens for ``none``.
  mutating func release(_ number: UInt32) {
    guard number != Self.none else { return }
    let slot = Int(number)
    entries[slot].holders -= 1
    guard entries[slot].holders == 0 else { return }
    index.remove(entries[slot].hash, slot: slot)
    pool.release(&entries[slot].bytes)
    free.append(number)
  }

  /// Appends a text to `bytes`; nothing for ``none``.
  func copy(_ number: UInt32, into bytes: inout [UInt8]) {
    if number != Self.none { pool.copy(entries[Int(number)].bytes, into: &bytes) }
  }

  /// Appends a text to `batch`; nil for ``none``.
  func write(_ number: UInt32, into batch: inout RecordBatch) -> Text? {
    guard number != Self.none else { return nil }
    let chain = entries[Int(number)].bytes
    defer { pool.copy(chain, into: &batch.text) }
    return Text(offset: UInt32(batch.text.count), length: UInt32(chain.count))
  }
}
