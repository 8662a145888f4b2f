// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The bytes of a file as they were before gzip or zstd packed them, if one of them did.
@safe struct UnpackedFile: ~Copyable {
  private static let packedBytes = 128 << 10

  private var file: OpenedFile
  private var unpacker: Unpacker?
  private var packed: UnsafeMutableRawBufferPointer?
  /// What of `packed` is not unpacked yet.
  private var packedRange = 0..<0
  /// Whether the last step ended for want of room, so that more may come out without more input.
  private var holdsOutput = false

  /// - Parameter file: at its front.
  init(_ file: consuming OpenedFile) {
    self.file = file
    unsafe packed = nil
  }

  deinit { if let packed = unsafe packed { unsafe packed.deallocate() } }

  var size: UInt64? { file.size }

  var isPacked: Bool { unsafe packed != nil }

  /// Bytes of the file, packed or not, that are behind the reader.
  var position: UInt64 { file.bytesRead &- UInt64(packedRange.count) }

  /// Whether reading would not wait.
  var isReady: Bool { !packedRange.isEmpty || holdsOutput || file.isReady(within: 0) }

  /// Reads what is there, at least one byte; 0 at the end.
  mutating func read(
    into room: UnsafeMutableRawBufferPointer
  ) throws(CaptureFileError.Reason) -> Int {
    guard let packed = unsafe packed else { return unsafe try file.read(into: room) }
    while true {
      if packedRange.isEmpty && !holdsOutput {
        packedRange = unsafe 0..<(try file.read(into: packed))
        if packedRange.isEmpty {
          if unpacker?.isBetweenMembers == false { throw .truncated }
          return 0
        }
      }
      let input = unsafe UnsafeRawBufferPointer(rebasing: packed[packedRange])
      guard let step = unsafe try unpacker?.step(from: input, to: room) else { return 0 }
      packedRange = (packedRange.lowerBound + step.consumed)..<packedRange.upperBound
      holdsOutput = step.produced == room.count && unpacker?.isBetweenMembers == false
      if step.produced > 0 { return step.produced }
    }
  }

  /// Looks whether `front`, which was read from the file's beginning, is packed.
  ///
  /// - Returns: true when it is: it will then be read again, unpacked.
  mutating func unpack(from front: UnsafeRawBufferPointer) throws(CaptureFileError.Reason) -> Bool {
    let format: Unpacker.Format
    switch unsafe Self.compression(of: front) {
    case .none: return false
    case .unknown(let program): throw .packed(by: program)
    case .known(let found): format = found
    }
    let packed = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(Self.packedBytes, front.count), alignment: 16)
    unsafe packed.copyMemory(from: front)
    unsafe self.packed = unsafe packed
    packedRange = 0..<front.count
    unpacker = try Unpacker(format)
    return true
  }

  private enum Compression {
    case none
    case known(Unpacker.Format)
    case unknown(String)
  }

  private static func compression(of bytes: UnsafeRawBufferPointer) -> Compression {
    let magics: [(Compression, [UInt8])] = [
      (.known(.gzip), [0x1f, 0x8b]), (.known(.zstd), [0x28, 0xb5, 0x2f, 0xfd]),
      (.unknown("xz"), [0xfd, 0x37, 0x7a, 0x58, 0x5a]), (.unknown("bzip2"), [0x42, 0x5a, 0x68]),
      (.unknown("lz4"), [0x04, 0x22, 0x4d, 0x18]),
    ]
    return magics.first { unsafe bytes.starts(with: $0.1) }?.0 ?? .none
  }
}
