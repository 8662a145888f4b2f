// SPDX-License-Identifier: Apache-2.0

import CZstd

/// A reused zstd compression context (RFC 8878). About 1 MiB at the default level.
@safe struct Compressor: ~Copyable {
  private let context: OpaquePointer?
  private let level: CInt

  init(level: Int) {
    unsafe context = ZSTD_createCCtx()
    self.level = CInt(truncatingIfNeeded: level)
  }

  deinit { unsafe _ = ZSTD_freeCCtx(context) }

  /// Appends the compressed form of `source` to `target`; false when it would not be smaller than
  /// `source` or there is no memory for it, with `target` as it was.
  func compress(_ source: Span<UInt8>, appendingTo target: inout [UInt8]) -> Bool {
    let start = target.count
    let bound = source.count
    target.append(contentsOf: repeatElement(0, count: bound))
    let written = unsafe source.withUnsafeBufferPointer { input in
      unsafe target.withUnsafeMutableBytes { output in
        guard let base = output.baseAddress, let context = unsafe context else { return Int.max }
        let size = unsafe ZSTD_compressCCtx(
          context, base + start, bound, input.baseAddress, input.count, level)
        return ZSTD_isError(size) == 0 ? size : Int.max
      }
    }
    target.removeLast(written <= bound ? bound - written : bound)
    return written <= bound
  }
}

/// A reused zstd decompression context.
@safe struct Decompressor: ~Copyable {
  private let context: OpaquePointer?

  init() {
    unsafe context = ZSTD_createDCtx()
  }

  deinit { unsafe _ = ZSTD_freeDCtx(context) }

  /// Replaces `target` with the bytes that `source` holds.
  ///
  /// The size that the frame announces is bounded before anything is allocated, and is all that the
  /// frame may then produce.
  func decompress(
    _ source: Span<UInt8>, into target: inout [UInt8], limit: Int
  ) throws(WireError) {
    let announced = unsafe source.withUnsafeBufferPointer {
      unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count)
    }
    // The two largest values say "unknown" and "not a frame" (zstd.h).
    guard announced < UInt64.max - 1 else {
      throw WireError(.compression, at: 0, expected: "a zstd frame that tells its content's size")
    }
    guard announced <= UInt64(limit) else {
      throw WireError(.oversized, at: 0, expected: "a body of at most 32 MiB")
    }
    let count = Int(announced)
    if target.count > count {
      target.removeLast(target.count - count)
    } else {
      target.append(contentsOf: repeatElement(0, count: count - target.count))
    }
    let written = unsafe source.withUnsafeBufferPointer { input in
      unsafe target.withUnsafeMutableBytes { output in
        guard let context = unsafe context else { return Int.max }
        let size = unsafe ZSTD_decompressDCtx(
          context, output.baseAddress, count, input.baseAddress, input.count)
        return ZSTD_isError(size) == 0 ? size : Int.max
      }
    }
    guard written == count else {
      throw WireError(.compression, at: 0, expected: "zstd content of the announced size")
    }
  }
}
