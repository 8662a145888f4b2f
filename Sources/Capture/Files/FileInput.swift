// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// The bytes of a file from front to back, always with as many in one piece as the reader asks for.
///
/// A plain regular file is mapped and never copied; its pages are given back behind the reader. All
/// else (pipes, compressed files) passes through a window of half a megabyte, which grows to what
/// the largest record needs and no further than ``largestPiece``.
@safe struct FileInput: ~Copyable {
  /// The most that may be asked for at once.
  static let largestPiece = 17 << 20
  private static let windowBytes = 512 << 10
  private static let packedBytes = 128 << 10
  /// Mapped pages behind the reader that are kept until they are given back.
  private static let keptBehind = 16 << 20

  private static let prefetchDistance = 2_048

  private let descriptor: CInt
  /// The whole mapping; nil when the bytes are read.
  private var mapping: UnsafeMutableRawBufferPointer?
  private var released = 0
  private var window: UnsafeMutableRawBufferPointer?
  private var packed: UnsafeMutableRawBufferPointer?
  /// What of `packed` is not unpacked yet.
  private var packedRange = 0..<0
  private var unpacker: Unpacker?
  /// Whether the last step ended for want of room, so that more may come out without more input.
  private var holdsOutput = false
  private var isAtEnd = false
  /// The next byte, and how many follow it in one piece.
  private(set) var front: UnsafeRawPointer
  private(set) var available = 0
  /// Bytes of the unpacked file in front of ``front``.
  private(set) var offset: UInt64 = 0
  /// Bytes read from the descriptor.
  private var bytesRead: UInt64 = 0
  /// The file's size; nil for a pipe.
  let size: UInt64?

  private init(descriptor: CInt, size: UInt64?) {
    self.descriptor = descriptor
    self.size = size
    unsafe front = UnsafeRawPointer(bitPattern: 1)!
  }

  /// - Parameter path: "-" is standard input, which stays open.
  static func open(path: String) throws(CaptureFileError.Reason) -> FileInput {
    let descriptor =
      path == "-"
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(errno) }
    var status = stat()
    let isKnown = unsafe fstat(descriptor, &status) == 0
    let start = max(0, lseek(descriptor, 0, SEEK_CUR))
    let isRegular = isKnown && status.st_mode & S_IFMT == S_IFREG && status.st_size >= start
    var input = FileInput(
      descriptor: descriptor, size: isRegular ? UInt64(status.st_size - start) : nil)
    if status.st_mode & S_IFMT == S_IFDIR { throw .unreadable(EISDIR) }
    if isRegular, status.st_size > start, try input.map(start: start, count: status.st_size) {
      return input
    }
    try input.openWindow()
    return input
  }

  deinit {
    if let mapping = unsafe mapping { unsafe munmap(mapping.baseAddress!, mapping.count) }
    if let window = unsafe window { unsafe window.deallocate() }
    if let packed = unsafe packed { unsafe packed.deallocate() }
    close(descriptor)
  }

  /// How far the reader is, in bytes of the file as it lies there: at most ``size``.
  var position: UInt64 {
    let buffered = unsafe packed == nil ? available : packedRange.count
    return unsafe mapping == nil ? bytesRead &- UInt64(buffered) : offset
  }

  /// Whether `count` bytes, at most ``largestPiece``, are there from ``front`` on.
  @inline(__always)
  mutating func has(_ count: Int) throws(CaptureFileError.Reason) -> Bool {
    if count <= available { return true }
    return try fill(count)
  }

  /// Goes forward by at most ``available`` bytes, which stay readable until the next call of
  /// ``has(_:)``.
  @inline(__always)
  mutating func skip(_ count: Int) {
    precondition(count >= 0 && count <= available, "a reader stays inside what it asked for")
    // The reader hops from header to header, which the processor does not foresee.
    if unsafe mapping != nil {
      var ahead = 0
      while ahead < count {
        unsafe mf_prefetch(front + Self.prefetchDistance + ahead)
        ahead += 64
      }
    }
    unsafe front += count
    available -= count
    offset &+= UInt64(truncatingIfNeeded: count)
  }

  /// Gives mapped pages behind the reader back to the kernel. Cheap; for every packet.
  @inline(__always)
  mutating func releaseBehind() {
    if offset &- UInt64(truncatingIfNeeded: released) > UInt64(Self.keptBehind) { release() }
  }

  private mutating func release() {
    guard let mapping = unsafe mapping else { return released = Int(offset) }
    let end = Int(offset) & ~0xffff
    unsafe madvise(mapping.baseAddress! + released, end - released, MADV_DONTNEED)
    released = end
  }
}

extension FileInput {
  /// Maps a plain file; false when it has to be read: it is compressed, or cannot be mapped.
  private mutating func map(start: Int, count: Int) throws(CaptureFileError.Reason) -> Bool {
    guard start == 0, let base = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      unsafe base != MAP_FAILED
    else { return false }
    let bytes = unsafe UnsafeRawBufferPointer(start: base, count: count)
    if unsafe Self.compression(of: bytes) != .none {
      unsafe munmap(base, count)
      return false
    }
    unsafe madvise(base, count, MADV_SEQUENTIAL)
    unsafe mapping = unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
    unsafe front = UnsafeRawPointer(base)
    available = count
    return true
  }

  /// Prepares for reading, and finds out from the first bytes whether they are compressed.
  private mutating func openWindow() throws(CaptureFileError.Reason) {
    unsafe window = .allocate(byteCount: Self.windowBytes, alignment: 16)
    unsafe front = UnsafeRawPointer(window!.baseAddress!)
    guard try has(6) || available > 0 else { return }
    let format: Unpacker.Format
    switch unsafe Self.compression(of: UnsafeRawBufferPointer(start: front, count: available)) {
    case .none: return
    case .unknown(let program): throw .packed(by: program)
    case .known(let found): format = found
    }
    let packed = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(Self.packedBytes, available), alignment: 16)
    unsafe packed.copyMemory(from: UnsafeRawBufferPointer(start: front, count: available))
    unsafe self.packed = unsafe packed
    packedRange = 0..<available
    unpacker = try Unpacker(format)
    available = 0
    isAtEnd = false
  }

  private mutating func fill(_ count: Int) throws(CaptureFileError.Reason) -> Bool {
    guard unsafe mapping == nil, let window = unsafe window else { return false }
    precondition(count <= Self.largestPiece, "records are bounded before they are asked for")
    if count > window.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(
        byteCount: count + Self.windowBytes, alignment: 16)
      unsafe larger.baseAddress!.copyMemory(from: front, byteCount: available)
      unsafe window.deallocate()
      unsafe self.window = unsafe larger
      unsafe front = UnsafeRawPointer(larger.baseAddress!)
    } else if unsafe front != UnsafeRawPointer(window.baseAddress!) {
      unsafe memmove(window.baseAddress!, front, available)
      unsafe front = UnsafeRawPointer(window.baseAddress!)
    }
    while available < count, !isAtEnd { try readMore() }
    return available >= count
  }

  /// Appends what one read gives to the window, or finds the end.
  private mutating func readMore() throws(CaptureFileError.Reason) {
    guard let window = unsafe window else { return }
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: window[available...])
    guard let packed = unsafe packed else {
      let count = unsafe try readBytes(into: room)
      available += count
      isAtEnd = count == 0
      return
    }
    if packedRange.isEmpty && !holdsOutput {
      packedRange = unsafe 0..<(try readBytes(into: packed))
      if packedRange.isEmpty {
        isAtEnd = true
        if unpacker?.isBetweenMembers == false { throw .truncated }
        return
      }
    }
    let input = unsafe UnsafeRawBufferPointer(rebasing: packed[packedRange])
    guard let step = unsafe try unpacker?.step(from: input, to: room) else { return }
    packedRange = (packedRange.lowerBound + step.consumed)..<packedRange.upperBound
    available += step.produced
    holdsOutput = step.produced == room.count && unpacker?.isBetweenMembers == false
  }

  private mutating func readBytes(
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(CaptureFileError.Reason) -> Int {
    while true {
      let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(errno) }
      bytesRead &+= UInt64(count)
      return count
    }
  }

  enum Compression: Equatable {
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
