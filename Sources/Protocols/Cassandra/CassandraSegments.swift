// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The outer layer of version 5 (section 2.1), which begins behind the answer to STARTUP: frames are cut
/// into segments, each with a head and a checksum behind it.
struct CassandraSegments {
  private static let headSize = 6
  private static let tailSize = 4

  /// Whether frames are in segments.
  private var isOn = false
  private var isToBegin = false
  /// Whether what is at the front waits for more bytes: it began before.
  private var isWaiting = false
  /// Bytes of the segment that are still to come, but for the checksum; and of a frame that goes on in
  /// the next ones.
  private var left = 0
  private var frameLeft = 0
  private var isInside = false

  enum Step {
    /// A frame begins here, of which so many bytes are in the segment.
    case frame(Int)
    case skip(Int)
    case needMore(Int)
  }

  /// What stands at the front of `bytes`.
  mutating func next(_ bytes: Span<UInt8>) -> Step {
    if isToBegin, !isWaiting { (isOn, isToBegin) = (true, false) }
    guard isOn else { return .frame(.max) }
    if isInside, left == 0 {
      isInside = false
      return .skip(Self.tailSize)
    }
    guard isInside else {
      guard bytes.count >= Self.headSize else { return .needMore(Self.headSize) }
      // 17 bits of length, one that says whether frames end in it, a checksum.
      left = bytes.littleEndian24(at: 0) & 0x1ffff
      isInside = true
      return .skip(Self.headSize)
    }
    guard frameLeft > 0 else { return .frame(left) }
    let count = min(frameLeft, left)
    frameLeft -= count
    left -= count
    return .skip(count)
  }

  /// Segments begin behind what waits for more bytes.
  mutating func begin() { isToBegin = !isOn }

  mutating func wait() { isWaiting = true }

  /// Moves over a frame; how many bytes of it are in the segment.
  mutating func take(_ length: Int) -> Int {
    isWaiting = false
    guard isOn else { return length }
    let count = min(length, left)
    left -= count
    frameLeft = length - count
    return count
  }

  /// Bytes were lost: the next begin a segment.
  mutating func forget() {
    isWaiting = false
    left = 0
    frameLeft = 0
    isInside = false
  }
}
