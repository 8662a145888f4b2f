// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Bytes held for a while in chained blocks of one size, so that holding them allocates nothing once
/// the pool has grown to what is held at a time.
struct TextPool {
  /// A run of bytes in the pool. Free it with ``TextPool/release(_:)``, once.
  struct Chain: Hashable {
    fileprivate var first: UInt32 = .max
    fileprivate var last: UInt32 = .max
    private(set) var count = 0

    fileprivate mutating func grew(by bytes: Int) { count += bytes }
  }

  static let blockSize = 128

  private var bytes: [UInt8] = []
  /// Per block: the block after it in its chain or in the free list.
  private var next: [UInt32] = []
  private var free: UInt32 = .max
  private var usedBlocks = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit / Self.blockSize }

  /// One of the same size that holds nothing.
  var emptied: TextPool { TextPool(limit: limit * Self.blockSize) }

  /// Bytes of the blocks in use.
  var usedBytes: Int { usedBlocks * Self.blockSize }

  /// Bytes that still find room.
  var room: Int { (limit - usedBlocks) * Self.blockSize }

  /// Appends `source` to `chain`; false, and nothing done, when the pool is full.
  mutating func append(_ source: Span<UInt8>, to chain: inout Chain) -> Bool {
    guard reserve(source.count, behind: chain) else { return false }
    var position = 0
    while position < source.count {
      let used = chain.count % Self.blockSize
      if used == 0 { extend(&chain) }
      let length = min(Self.blockSize - used, source.count - position)
      let target = Int(chain.last) * Self.blockSize + used
      bytes.overwrite(at: target, with: source, from: position, count: length)
      chain.grew(by: length)
      position += length
    }
    return true
  }

  /// Appends the chain's bytes to `target`.
  func copy(_ chain: Chain, into target: inout [UInt8]) {
    var block = chain.first
    var left = chain.count
    while left > 0 {
      let length = min(left, Self.blockSize)
      let start = Int(block) * Self.blockSize
      target.append(copying: bytes.span.clipped(from: start, to: start + length))
      left -= length
      block = next[Int(block)]
    }
  }

  /// Whether the chain's bytes are those of `text`.
  func holds(_ chain: Chain, _ text: Span<UInt8>) -> Bool {
    guard chain.count == text.count else { return false }
    var block = chain.first
    for position in 0..<text.count {
      if position > 0, position % Self.blockSize == 0 { block = next[Int(block)] }
      let place = Int(block) * Self.blockSize + position % Self.blockSize
      guard bytes[place] == text[position] else { return false }
    }
    return true
  }

  mutating func release(_ chain: inout Chain) {
    if chain.first != .max {
      usedBlocks -= (chain.count + Self.blockSize - 1) / Self.blockSize
      next[Int(chain.last)] = free
      free = chain.first
    }
    chain = Chain()
  }

  /// Gives back the free blocks behind the last that is used, if few are.
  mutating func giveBack() {
    guard SlotTrim.isWorthIt(used: usedBlocks, of: next.count) else { return }
    var unused: [UInt32] = []
    while free != .max {
      unused.append(free)
      free = next[Int(free)]
    }
    let end = SlotTrim.end(of: next.count, &unused)
    if end < next.count {
      next.cut(to: end)
      bytes.cut(to: end * Self.blockSize)
    }
    for block in unused {
      next[Int(block)] = free
      free = block
    }
  }

  var footprint: Int { bytes.heldBytes + next.heldBytes }

  /// Makes the blocks that `count` more bytes need, or says that they cannot be had.
  private mutating func reserve(_ count: Int, behind chain: Chain) -> Bool {
    let room = (Self.blockSize - chain.count % Self.blockSize) % Self.blockSize
    var needed = (count - room + Self.blockSize - 1) / Self.blockSize
    var block = free
    while needed > 0, block != .max {
      block = next[Int(block)]
      needed -= 1
    }
    guard needed > 0 else { return true }
    guard next.count + needed <= limit else { return false }
    for _ in 0..<needed {
      next.append(free)
      free = UInt32(next.count - 1)
    }
    bytes.append(contentsOf: repeatElement(0, count: needed * Self.blockSize))
    return true
  }

  private mutating func extend(_ chain: inout Chain) {
    let block = free
    usedBlocks += 1
    free = next[Int(block)]
    next[Int(block)] = .max
    if chain.first == .max { chain.first = block } else { next[Int(chain.last)] = block }
    chain.last = block
  }
}
