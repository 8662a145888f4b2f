// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The bytes of a file from front to back, always with as many in one piece as the reader asks for.
///
/// They pass through a window, which grows to what the largest record needs and no further than
/// ``largestPiece``.
@safe struct FileInput: ~Copyable {
  /// The most that may be asked for at once.
  static let largestPiece = 17 << 20
  /// Stays in the processor's cache between the reading and the looking.
  private static let windowBytes = 256 << 10
  /// What tells a packed file.
  private static let magicBytes = 6

  private var file: UnpackedFile
  private var window: UnsafeMutableRawBufferPointer
  private var isAtEnd = false
  /// The next byte, and how many follow it in one piece.
  private(set) var front: UnsafeRawPointer
  private(set) var available = 0
  /// Bytes of the unpacked file in front of ``front``.
  private(set) var offset: UInt64 = 0

  /// Takes a file at its front, packed or not.
  init(_ file: consuming OpenedFile) throws(CaptureFileError.Reason) {
    self.file = UnpackedFile(file)
    unsafe window = .allocate(byteCount: Self.windowBytes, alignment: 16)
    unsafe front = UnsafeRawPointer(window.baseAddress!)
    _ = try has(Self.magicBytes)
    if unsafe try self.file.unpack(from: UnsafeRawBufferPointer(start: front, count: available)) {
      available = 0
      isAtEnd = false
    }
  }

  deinit { unsafe window.deallocate() }

  /// The file's size when it was opened; nil for a pipe.
  var size: UInt64? { file.size }

  /// How far the reader is, in bytes of the file as it lies there.
  var position: UInt64 { file.position &- (file.isPacked ? 0 : UInt64(available)) }

  /// Whether there is something, or the end, without waiting.
  var isReady: Bool { available > 0 || isAtEnd || file.isReady }

  /// Whether `count` bytes, at most ``largestPiece``, are there from ``front`` on.
  @inline(__always)
  mutating func has(_ count: Int) throws(CaptureFileError.Reason) -> Bool {
    if count <= available { return true }
    return try fill(count)
  }

  /// Goes forward by at most ``available`` bytes, which stay readable until the next call of
  /// ``has(_:)``.
  @inline(__always)
  mutating func skip(_ count: Int) {
    precondition(count >= 0 && count <= available, "a reader stays inside what it asked for")
    unsafe front += count
    available -= count
    offset &+= UInt64(truncatingIfNeeded: count)
  }

  private mutating func fill(_ count: Int) throws(CaptureFileError.Reason) -> Bool {
    precondition(count <= Self.largestPiece, "records are bounded before they are asked for")
    if unsafe count > window.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(
        byteCount: count + Self.windowBytes, alignment: 16)
      unsafe larger.baseAddress!.copyMemory(from: front, byteCount: available)
      unsafe window.deallocate()
      unsafe window = unsafe larger
    } else {
      unsafe memmove(window.baseAddress!, front, available)
    }
    unsafe front = UnsafeRawPointer(window.baseAddress!)
    while available < count, !isAtEnd {
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: window[available...])
      let added = unsafe try file.read(into: room)
      available += added
      isAtEnd = added == 0
    }
    return available >= count
  }
}
