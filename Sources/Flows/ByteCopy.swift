// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
  /// Appends a run of bytes at the speed of a block copy.
  @inline(__always)
  mutating func append(copying source: Span<UInt8>) {
    unsafe source.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Overwrites the bytes at `offset` with `count` bytes of `source`, from `start` on.
  @inline(__always)
  mutating func overwrite(at offset: Int, with source: Span<UInt8>, from start: Int, count: Int) {
    precondition(
      count >= 0 && offset >= 0 && offset + count <= self.count && start >= 0
        && start + count <= source.count, "a copy stays within both arrays")
    unsafe withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { bytes in
        guard count > 0, let to = target.baseAddress, let from = bytes.baseAddress else { return }
        unsafe (to + offset).update(from: from + start, count: count)
      }
    }
  }
}
