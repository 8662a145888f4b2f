// SPDX-License-Identifier: Apache-2.0

import CZlib
import CZstd
import Capture
import Glibc
import Telemetry

/// Builds capture files byte by byte.
struct FileBytes {
  var bytes: [UInt8] = []
  var isBigEndian = false

  mutating func put<Number: FixedWidthInteger>(_ number: Number) {
    for index in 0..<MemoryLayout<Number>.size {
      let shift = (isBigEndian ? MemoryLayout<Number>.size - 1 - index : index) * 8
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  /// The 24 bytes in front of pcap records.
  static func records(
    magic: UInt32 = 0xa1b2_c3d4, isBigEndian: Bool = false, linkType: UInt32 = 1
  ) -> FileBytes {
    var file = FileBytes()
    file.isBigEndian = isBigEndian
    file.put(magic)
    file.put(UInt16(2))
    file.put(UInt16(4))
    for number in [0, 0, 65_535, linkType] as [UInt32] { file.put(number) }
    return file
  }

  /// A pcap record; `extra` is what the variant with longer headers has.
  mutating func record(
    seconds: UInt32, fraction: UInt32, _ packet: [UInt8], length: UInt32? = nil, extra: Int = 0
  ) {
    for number in [seconds, fraction, UInt32(packet.count), length ?? UInt32(packet.count)] {
      put(number)
    }
    bytes += [UInt8](repeating: 0xee, count: extra) + packet
  }

  /// A pcapng block around `body`, which is padded.
  mutating func block(_ type: UInt32, _ body: (inout FileBytes) -> Void) {
    var inner = FileBytes()
    inner.isBigEndian = isBigEndian
    body(&inner)
    inner.pad()
    put(type)
    put(UInt32(inner.bytes.count + 12))
    bytes += inner.bytes
    put(UInt32(inner.bytes.count + 12))
  }

  mutating func section() {
    block(0x0a0d_0d0a) {
      $0.put(UInt32(0x1a2b_3c4d))
      $0.put(UInt16(1))
      $0.put(UInt16(0))
      $0.put(UInt64.max)
    }
  }

  mutating func interface(
    linkType: UInt16 = 1, snapLength: UInt32 = 0, name: String? = nil, resolution: UInt8? = nil,
    offset: Int64? = nil
  ) {
    block(1) {
      $0.put(linkType)
      $0.put(UInt16(0))
      $0.put(snapLength)
      if let name { $0.option(2, Array(name.utf8)) }
      if let resolution { $0.option(9, [resolution]) }
      if let offset {
        $0.put(UInt16(14))
        $0.put(UInt16(8))
        $0.put(offset)
      }
      if name != nil { $0.option(0, []) }
    }
  }

  /// An enhanced packet block.
  mutating func packet(_ interface: UInt32, units: UInt64, _ packet: [UInt8], length: UInt32? = nil)
  {
    block(6) {
      $0.put(interface)
      $0.put(UInt32(units >> 32))
      $0.put(UInt32(truncatingIfNeeded: units))
      $0.put(UInt32(packet.count))
      $0.put(length ?? UInt32(packet.count))
      $0.bytes += packet
    }
  }

  private mutating func option(_ code: UInt16, _ value: [UInt8]) {
    put(code)
    put(UInt16(value.count))
    bytes += value
    pad()
  }

  mutating func pad() {
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// One gzip member.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = unsafe z_stream()
    // 15 bits of window, and 16: with a gzip header.
    unsafe _ = deflateInit2_(
      &stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      CInt(MemoryLayout<z_stream>.size))
    var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 128)
    var input = bytes
    let count = unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        unsafe _ = deflate(&stream, Z_FINISH)
        return unsafe target.count - Int(stream.avail_out)
      }
    }
    unsafe _ = deflateEnd(&stream)
    return Array(output[..<count])
  }

  /// One zstd frame.
  static func zstd(_ bytes: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = unsafe ZSTD_compress(&output, output.count, bytes, bytes.count, 1)
    return Array(output[..<count])
  }
}

/// A file of the test's own, gone when it goes away.
struct TestFile: ~Copyable {
  let path: String

  init(_ bytes: [UInt8]) {
    var template = Array("/tmp/metaflow-capture-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&template)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var written = 0
    while written < bytes.count {
      written += unsafe bytes.withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress! + written, $0.count - written)
      }
    }
    close(descriptor)
  }

  deinit { unsafe _ = unlink(path) }
}

/// What reading a file to its end gave.
struct Reading: Equatable {
  var packets: [CapturedPacket] = []
  var bytes: [[UInt8]] = []
  var interfaces: [String] = []
  var error: CaptureFileError?
  var position: UInt64 = 0

  /// Reads the file, as it lies there or from a pipe.
  init(_ path: String) {
    do throws(CaptureFileError) {
      var file = try CaptureFile.open(path: path)
      defer {
        interfaces = file.interfaces.map { $0.name ?? "" }
        position = file.position
      }
      while let packet = try file.next() {
        packets.append(packet)
        let captured = file.bytes
        bytes.append(captured.indices.map { captured[$0] })
      }
    } catch {
      self.error = error
    }
  }

  static func of(_ content: [UInt8]) -> Reading {
    let file = TestFile(content)
    return Reading(file.path)
  }

  static func == (a: Reading, b: Reading) -> Bool {
    a.bytes == b.bytes && a.error?.reason == b.error?.reason
      && a.packets.map(\.time) == b.packets.map(\.time)
      && a.packets.map(\.length) == b.packets.map(\.length)
      && a.packets.map(\.linkType) == b.packets.map(\.linkType)
  }
}
