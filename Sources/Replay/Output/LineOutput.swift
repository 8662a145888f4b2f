// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc

/// A block of memory that lines are written into, and that goes to a file descriptor when it is
/// full.
@safe
struct LineOutput: ~Copyable {
  /// Bytes that are written at once: less costs calls, more costs the processor's cache.
  private static let blockBytes = 256 << 10

  private let descriptor: CInt
  private var block: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0
  /// Bytes handed to the descriptor so far.
  private(set) var written: UInt64 = 0

  /// - Parameter descriptor: stays the caller's, who closes it.
  init(to descriptor: CInt) {
    self.descriptor = descriptor
    capacity = Self.blockBytes + 65_536
    unsafe block = .allocate(capacity: capacity)
  }

  deinit { unsafe block.deallocate() }

  /// Where the next line begins, with room for `bytes`.
  ///
  /// - Throws: when the block had to be written and could not be.
  @inline(__always)
  mutating func place(for bytes: Int) throws(ReplayError) -> UnsafeMutablePointer<UInt8> {
    if count &+ bytes > capacity || count >= Self.blockBytes { try makeRoom(bytes) }
    return unsafe block + count
  }

  /// Keeps what was written up to `end`.
  @inline(__always)
  mutating func keep(to end: UnsafeMutablePointer<UInt8>) {
    count = unsafe block.distance(to: end)
  }

  /// Writes everything that is still here.
  mutating func flush() throws(ReplayError) {
    var offset = 0
    while offset < count {
      let wrote = unsafe write(descriptor, block + offset, count - offset)
      if wrote > 0 {
        offset += wrote
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&waiting, 1, -1)
      } else if errno != EINTR {
        throw ReplayError(
          .output,
          "the records cannot be written: \(SystemError.text(of: errno)); make room, or write them "
            + "elsewhere. What was written until then is whole lines but for the last.")
      }
    }
    written &+= UInt64(count)
    count = 0
  }

  @inline(never)
  private mutating func makeRoom(_ bytes: Int) throws(ReplayError) {
    try flush()
    guard bytes > capacity else { return }
    unsafe block.deallocate()
    capacity = bytes
    unsafe block = .allocate(capacity: capacity)
  }
}
