// SPDX-License-Identifier: Apache-2.0

internal import CZlib
internal import CZstd
internal import Glibc

/// Unpacks a stream piece by piece. Several gzip members or zstd frames in a row are one stream.
@safe struct Unpacker: ~Copyable {
  enum Format {
    case gzip, zstd
  }

  /// What one call did.
  struct Step {
    var consumed: Int
    var produced: Int
  }

  /// zlib keeps a pointer to its state's owner, so that must not move.
  private let inflater: UnsafeMutablePointer<z_stream>?
  private let decompressor: OpaquePointer?
  /// Whether the input may end here: between two members or frames.
  private(set) var isBetweenMembers = true

  init(_ format: Format) throws(CaptureFileError.Reason) {
    switch format {
    case .gzip:
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      unsafe stream.initialize(to: z_stream())
      // 15 bits of window, and 16: with a gzip header (zlib.h).
      guard
        unsafe inflateInit2_(stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK
      else {
        unsafe stream.deallocate()
        throw .outOfMemory
      }
      unsafe inflater = unsafe stream
      unsafe decompressor = nil
    case .zstd:
      guard let context = unsafe ZSTD_createDStream() else { throw .outOfMemory }
      unsafe decompressor = unsafe context
      unsafe inflater = nil
    }
  }

  deinit {
    if let inflater = unsafe inflater {
      unsafe _ = inflateEnd(inflater)
      unsafe inflater.deallocate()
    }
    if let decompressor = unsafe decompressor { unsafe _ = ZSTD_freeDStream(decompressor) }
  }

  /// Unpacks from `input` to `output` until one of them is used up, or a member ends.
  mutating func step(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(CaptureFileError.Reason) -> Step {
    unsafe inflater != nil
      ? try inflateStep(from: input, to: output) : try zstdStep(from: input, to: output)
  }

  private mutating func inflateStep(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(CaptureFileError.Reason) -> Step {
    guard let stream = unsafe inflater else { return Step(consumed: 0, produced: 0) }
    if isBetweenMembers {
      // tar and tape drives pad with zeros, as gzip(1) knows.
      let padding = unsafe input.prefix { $0 == 0 }.count
      if padding > 0 { return Step(consumed: padding, produced: 0) }
      unsafe _ = inflateReset(stream)
      isBetweenMembers = false
    }
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(clamping: input.count)
    unsafe stream.pointee.next_out = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(clamping: output.count)
    let status = unsafe inflate(stream, Z_NO_FLUSH)
    switch status {
    case Z_STREAM_END: isBetweenMembers = true
    case Z_OK, Z_BUF_ERROR: break
    case Z_MEM_ERROR: throw .outOfMemory
    default: throw .corruptCompression
    }
    return unsafe Step(
      consumed: min(input.count, Int(UInt32.max)) - Int(stream.pointee.avail_in),
      produced: min(output.count, Int(UInt32.max)) - Int(stream.pointee.avail_out))
  }

  private mutating func zstdStep(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(CaptureFileError.Reason) -> Step {
    var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let status = unsafe ZSTD_decompressStream(decompressor, &target, &source)
    guard ZSTD_isError(status) == 0 else {
      // A window beyond 128 MiB, zstd's own default bound, comes out as damage too.
      throw .corruptCompression
    }
    isBetweenMembers = status == 0
    return unsafe Step(consumed: source.pos, produced: target.pos)
  }
}
