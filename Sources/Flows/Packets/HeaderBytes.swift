// SPDX-License-Identifier: Apache-2.0

/// The fixed part of one header: the bounds are checked once, when it is made, and each field is then
/// one load.
///
/// Every load checks itself against `count`; where both are constants, as everywhere in the decoder,
/// the compiler proves the check and leaves it out. The integers are big-endian.
struct HeaderBytes: ~Escapable {
  private let bytes: Span<UInt8>
  private let start: Int
  private let count: Int

  /// The `count` bytes at `start`, which must lie in `bytes`.
  @inline(__always)
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, at start: Int, count: Int) {
    precondition(
      start >= 0 && count >= 0 && start <= bytes.count &- count, "a header lies in its frame")
    self.bytes = bytes
    self.start = start
    self.count = count
  }

  @inline(__always)
  func u8(_ offset: Int) -> UInt8 { load(offset) }

  @inline(__always)
  func u16(_ offset: Int) -> UInt16 { UInt16(bigEndian: load(offset)) }

  @inline(__always)
  func u32(_ offset: Int) -> UInt32 { UInt32(bigEndian: load(offset)) }

  @inline(__always)
  func u64(_ offset: Int) -> UInt64 { UInt64(bigEndian: load(offset)) }

  @inline(__always)
  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> T {
    precondition(
      offset >= 0 && offset &+ MemoryLayout<T>.size <= count, "a field lies in its header")
    // In bounds: the field lies in the header, and `init` has seen that the header lies in the bytes.
    return unsafe bytes.bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: start &+ offset, as: T.self)
  }
}
