// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
  /// Appends a run of bytes at the speed of a block copy.
  @inline(__always)
  mutating func append(copying source: Span<UInt8>) {
    unsafe source.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
