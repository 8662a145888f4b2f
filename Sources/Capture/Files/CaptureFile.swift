// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Telemetry

/// A capture file that is read packet by packet: pcap and pcapng of either byte order, plain or
/// compressed with gzip or zstd.
///
/// The bytes pass through a window of bounded size. A file that grows meanwhile is read to its new
/// end; one that is cut off ends there, as an error. Whoever opened it reads it, on one thread:
///
///     var file = try CaptureFile.open(path: "talk.pcap")
///     while let packet = try file.next() { pipeline.feed(packet, bytes: file.bytes) }
@safe package struct CaptureFile: ~Copyable {
  /// On the heap: the compiler copies a large value for each look at it.
  private let reader: UnsafeMutablePointer<CaptureReader>

  private init(_ reader: consuming CaptureReader) {
    unsafe self.reader = .allocate(capacity: 1)
    unsafe self.reader.initialize(to: reader)
  }

  deinit {
    unsafe reader.deinitialize(count: 1)
    unsafe reader.deallocate()
  }

  /// Opens a file and reads its header.
  ///
  /// - Parameters:
  ///   - path: "-" for standard input.
  ///   - isStopped: asked a few times a second while a pipe has nothing; true ends the reading.
  package static func open(
    path: String, isStopped: @escaping @Sendable () -> Bool = { false }
  ) throws(CaptureFileError) -> CaptureFile {
    CaptureFile(try CaptureReader.open(path: path, isStopped: isStopped))
  }

  /// Reads the next packet; nil at the end. Its bytes are ``bytes`` until the next call.
  ///
  /// Times lie between 1970 and 2223: what a file says beyond is moved to the nearer end.
  ///
  /// - Throws: what is wrong, once, after everything in front of it was handed out; nil from then on.
  package mutating func next() throws(CaptureFileError) -> CapturedPacket? {
    unsafe try reader.pointee.next()
  }

  /// The captured bytes of the packet that ``next()`` returned last: at most 256 KiB.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      let span = unsafe Span<UInt8>(_unsafeBytes: reader.pointee.current)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// As it was named; `standard input` for "-".
  package var name: String { unsafe reader.pointee.name }

  /// What the file speaks of so far; ``CapturedPacket/interface`` is an index into it. It grows while
  /// a pcapng file is read, to 4,096 at most.
  package var interfaces: [CaptureInterface] { unsafe reader.pointee.interfaces }

  /// Packets handed out.
  package var packets: UInt64 { unsafe reader.pointee.packets }

  /// How far the reading is, in bytes of the file as it lies there, packed or not.
  package var position: UInt64 { unsafe reader.pointee.input.position }

  /// The file's size when it was opened; nil when it is read from a pipe.
  package var size: UInt64? { unsafe reader.pointee.input.size }

  /// Whether there is something to read, or the end, without waiting for whoever writes.
  package var isReady: Bool { unsafe reader.pointee.input.isReady }
}
