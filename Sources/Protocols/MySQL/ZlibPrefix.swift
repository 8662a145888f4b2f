// SPDX-License-Identifier: Apache-2.0

import CZlib

/// What a frame of MySQL's compressed protocol holds: a whole zlib stream (RFC 1950), of which the
/// capture may have only the beginning.
@safe enum ZlibPrefix {
  /// As many of the stream's bytes as `source` gives, at most `limit`; empty when it is no zlib stream.
  static func inflate(_ source: Span<UInt8>, limit: Int) -> [UInt8] {
    // zlib keeps a pointer to its state's owner, so that must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    defer { unsafe stream.deallocate() }
    guard unsafe inflateInit_(stream, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK
    else { return [] }
    defer { unsafe _ = inflateEnd(stream) }
    return unsafe source.withUnsafeBufferPointer { input in
      unsafe [UInt8](unsafeUninitializedCapacity: limit) { output, count in
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(clamping: input.count)
        unsafe stream.pointee.next_out = output.baseAddress
        unsafe stream.pointee.avail_out = UInt32(clamping: limit)
        let status = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
        let isGood = status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR
        count = isGood ? limit - Int(unsafe stream.pointee.avail_out) : 0
      }
    }
  }
}
