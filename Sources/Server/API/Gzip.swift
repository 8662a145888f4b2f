// SPDX-License-Identifier: Apache-2.0

import CZlib

/// `bytes` as one gzip member (RFC 1952); nil where that is no smaller, or there is no memory.
func gzip(_ bytes: [UInt8]) -> [UInt8]? {
  var stream = unsafe z_stream()
  // 15 bits of window, and 16: with a gzip header (zlib.h).
  let begun = unsafe deflateInit2_(
    &stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    CInt(MemoryLayout<z_stream>.size))
  guard begun == Z_OK else { return nil }
  defer { unsafe _ = deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count)
  let count = unsafe input.withUnsafeMutableBufferPointer { source -> Int? in
    unsafe output.withUnsafeMutableBufferPointer { target -> Int? in
      unsafe stream.next_in = source.baseAddress
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = target.baseAddress
      unsafe stream.avail_out = UInt32(target.count)
      let isDone = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
      return isDone ? unsafe target.count - Int(stream.avail_out) : nil
    }
  }
  return count.map { Array(output[..<$0]) }
}

/// What a gzip member of `size` bytes holds; nil where it holds something else.
func gunzip(_ bytes: [UInt8], size: Int) -> [UInt8]? {
  var stream = unsafe z_stream()
  let begun = unsafe inflateInit2_(&stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
  guard begun == Z_OK else { return nil }
  defer { unsafe _ = inflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: size)
  let isWhole = unsafe input.withUnsafeMutableBufferPointer { source in
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe stream.next_in = source.baseAddress
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = target.baseAddress
      unsafe stream.avail_out = UInt32(target.count)
      return unsafe inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0
    }
  }
  return isWhole ? output : nil
}
