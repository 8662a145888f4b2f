// SPDX-License-Identifier: Apache-2.0

import Glibc
import Telemetry

/// A classic capture file in memory: microseconds, little-endian, as `tcpdump -w` writes it here.
@safe struct MappedCapture: ~Copyable {
  private let start: UnsafeRawPointer
  let count: Int
  private let linkType: LinkType

  private init(start: UnsafeRawPointer, count: Int) {
    unsafe self.start = unsafe start
    self.count = count
    linkType = LinkType(
      rawValue: UInt16(truncatingIfNeeded: unsafe start.load(fromByteOffset: 20, as: UInt32.self)))
  }

  /// The file at `path`; nil when it is no such capture.
  static func open(_ path: String) -> MappedCapture? {
    let descriptor = unsafe Glibc.open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size >= 24,
      let address = unsafe mmap(
        nil, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0),
      unsafe address != MAP_FAILED, unsafe address.load(as: UInt32.self) == 0xa1b2_c3d4
    else { return nil }
    return unsafe MappedCapture(start: UnsafeRawPointer(address), count: size)
  }

  deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: start), count) }

  /// Hands on every packet; how many there were.
  func forEach(_ body: (CapturedPacket, Span<UInt8>) -> Void) -> Int {
    var offset = 24
    var packets = 0
    let bytes = unsafe RawSpan(_unsafeStart: start, byteCount: count)
    while offset + 16 <= count {
      let seconds = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
      let micros = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
      let captured = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)
      let length = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
      let end = offset + 16 + Int(captured)
      guard end <= count else { break }
      let packet = CapturedPacket(
        time: Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(micros) * 1_000),
        linkType: linkType, interface: 0, length: length)
      let frame = unsafe UnsafeBufferPointer(
        start: (start + offset + 16).assumingMemoryBound(to: UInt8.self), count: Int(captured))
      body(packet, unsafe frame.span)
      offset = end
      packets += 1
    }
    return packets
  }
}
