// SPDX-License-Identifier: Apache-2.0

import CZlib
import CZstd
import Telemetry
package import Wire

/// How a body is packed. The number stands in the journal.
package enum BodyEncoding: UInt8, Hashable, Sendable, CaseIterable {
  case raw = 0
  /// RFC 8878.
  case zstd = 1
  /// RFC 1952, one member or several.
  case gzip = 2

  package init(_ encoding: FrameHead.Encoding) {
    self = encoding == .raw ? .raw : .zstd
  }

  /// What `Content-Encoding` calls it (RFC 9110 section 8.4); nil for one that is not read.
  package init?(contentEncoding name: String) {
    switch name.lowercased() {
    case "", "identity": self = .raw
    case "zstd": self = .zstd
    case "gzip", "x-gzip": self = .gzip
    default: return nil
    }
  }
}

/// Unpacks bodies, into a buffer and with contexts that are kept between them.
@safe struct BodyUnpacker: ~Copyable {
  /// Bytes that a body may have once it is unpacked.
  static let limit = WireLimits.bodyBytes
  /// What a buffer grows by at least.
  private static let step = 64 << 10

  private let zstd: OpaquePointer?
  /// The last body.
  private(set) var body: [UInt8] = []

  init() {
    unsafe zstd = ZSTD_createDCtx()
  }

  deinit { unsafe _ = ZSTD_freeDCtx(zstd) }

  /// Replaces ``body`` with what `packed` holds.
  mutating func unpack(_ packed: Span<UInt8>, _ encoding: BodyEncoding) throws(FormatError) {
    body.removeAll(keepingCapacity: true)
    switch encoding {
    case .raw:
      guard packed.count <= Self.limit else { throw Self.tooLarge }
      unsafe packed.withUnsafeBufferPointer { unsafe body.append(contentsOf: $0) }
    case .zstd: try inflateZstd(packed)
    case .gzip: try inflateGzip(packed)
    }
  }

  private static var tooLarge: FormatError {
    FormatError(
      "a body has at most \(limit >> 20) MiB once it is unpacked; send it in parts",
      fault: .oversized)
  }

  /// Makes room behind the `used` bytes; throws when the body has all that it may have.
  private mutating func grow(_ used: Int) throws(FormatError) {
    guard used <= Self.limit else { throw Self.tooLarge }
    // A byte more than allowed, so that a body which has it is told from one that just fits.
    let room = min(max(used, Self.step), Self.limit + 1 - used)
    body.append(contentsOf: repeatElement(0, count: used + room - body.count))
  }

  private mutating func inflateZstd(_ packed: Span<UInt8>) throws(FormatError) {
    guard let context = unsafe zstd else { throw FormatError("there is no memory to unpack it") }
    unsafe _ = ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    var (read, written) = (0, 0)
    var expected = 1
    while read < packed.count || expected > 0 {
      if written == body.count { try grow(written) }
      let before = (read, written)
      let size = body.count
      let result = unsafe packed.withUnsafeBufferPointer { source in
        unsafe body.withUnsafeMutableBytes { target in
          var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: read)
          var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: size, pos: written)
          let result = unsafe ZSTD_decompressStream(context, &output, &input)
          (read, written) = unsafe (input.pos, output.pos)
          return result
        }
      }
      guard ZSTD_isError(result) == 0, read != before.0 || written != before.1 else {
        throw FormatError("the body is not whole zstd (Content-Encoding: zstd)")
      }
      expected = result
    }
    guard written <= Self.limit else { throw Self.tooLarge }
    body.removeLast(body.count - written)
  }

  private mutating func inflateGzip(_ packed: Span<UInt8>) throws(FormatError) {
    var stream = unsafe z_stream()
    // 15 bits of window, and 16: with a gzip header (zlib.h).
    let begun = unsafe inflateInit2_(
      &stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard begun == Z_OK else { throw FormatError("there is no memory to unpack it") }
    defer { unsafe _ = inflateEnd(&stream) }
    var (read, written) = (0, 0)
    var isWhole = false
    while read < packed.count || !isWhole {
      if isWhole { unsafe _ = inflateReset(&stream) }
      if written == body.count { try grow(written) }
      let before = (read, written)
      let room = body.count - written
      let result = unsafe packed.withUnsafeBufferPointer { source in
        unsafe body.withUnsafeMutableBufferPointer { target in
          unsafe stream.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress.map { unsafe $0 + read })
          unsafe stream.avail_in = UInt32(source.count - read)
          unsafe stream.next_out = target.baseAddress.map { unsafe $0 + written }
          unsafe stream.avail_out = UInt32(room)
          let result = unsafe inflate(&stream, Z_NO_FLUSH)
          unsafe read = source.count - Int(stream.avail_in)
          unsafe written += room - Int(stream.avail_out)
          return result
        }
      }
      isWhole = result == Z_STREAM_END
      guard isWhole || result == Z_OK, isWhole || read != before.0 || written != before.1 else {
        throw FormatError("the body is not whole gzip (Content-Encoding: gzip)")
      }
    }
    guard written <= Self.limit else { throw Self.tooLarge }
    body.removeLast(body.count - written)
  }
}

/// Reads bodies into records, whatever their format. Keeps its contexts and buffers between them.
struct BodyReader: ~Copyable {
  private var unpacker = BodyUnpacker()

  /// Reads a body over `batch`, reusing its buffers. After a throw `batch` is not to be used.
  @discardableResult
  mutating func read(
    _ payload: Span<UInt8>, _ encoding: BodyEncoding, as format: any IngestFormat.Type,
    names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    guard payload.count >= format.plainBytes else { throw FormatError("the body is cut off") }
    let packed = payload.extracting(droppingFirst: format.plainBytes)
    if encoding == .raw, packed.count <= BodyUnpacker.limit {
      return try format.decode(packed, names: names, into: &batch)
    }
    try unpacker.unpack(packed, encoding)
    return try format.decode(unpacker.body.span, names: names, into: &batch)
  }

  /// Reads an entry of the journal.
  mutating func read(
    _ entry: borrowing JournalEntry, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) {
    guard let format = IngestFormats.format(entry.format) else {
      throw FormatError("the journal has a body of format \(entry.format.rawValue), not known here")
    }
    try read(entry.payload.span, entry.encoding, as: format, names: names, into: &batch)
  }
}
