// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// What reads the file behind a ``CaptureFile``.
@safe struct CaptureReader: ~Copyable {
  /// Captured bytes of one packet, at most: the largest snap length in use (tcpdump's default).
  static let largestPacket = 256 << 10
  static let largestBlock = 16 << 20
  static let mostInterfaces = 4_096
  static let magicBytes = 4

  /// As it was named; `standard input` for "-".
  let name: String
  /// What the file speaks of so far; ``CapturedPacket/interface`` is an index into it. It grows while
  /// a pcapng file is read, to 4,096 at most.
  var interfaces: [CaptureInterface] = []
  /// Indices into ``interfaces``.
  var numbers: [CaptureInterface: UInt32] = [:]
  /// Packets handed out.
  private(set) var packets: UInt64 = 0

  var input: FileInput
  var layout = Layout.records(RecordLayout())
  /// pcapng: how to read what each of the section's interfaces wrote.
  var sectionInterfaces: [SectionInterface] = []
  /// pcapng: how many like it, their ordinals aside, the section has described.
  var sectionOrdinals: [CaptureInterface: Int] = [:]
  var lastTime = Timestamp(nanoseconds: 0)
  /// The bytes of the packet that was handed out last.
  private(set) var current: UnsafeRawBufferPointer
  private var isFinished = false

  /// How the file is built.
  enum Layout {
    case records(RecordLayout)
    /// pcapng; whether the section's byte order is not ours.
    case blocks(isSwapped: Bool)
  }

  private init(name: String, input: consuming FileInput) {
    self.name = name
    self.input = input
    unsafe current = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Opens a file and reads its header.
  ///
  /// - Parameters:
  ///   - path: "-" for standard input.
  ///   - isStopped: asked while a pipe has nothing; true ends the reading.
  static func open(
    path: String, isStopped: @escaping @Sendable () -> Bool
  ) throws(CaptureFileError) -> CaptureReader {
    let name = path == "-" ? "standard input" : path
    let input: FileInput
    do {
      input = try FileInput(try OpenedFile.open(path: path, isStopped: isStopped))
    } catch {
      throw CaptureFileError(reason: error, file: name, packets: 0, offset: 0)
    }
    var file = CaptureReader(name: name, input: input)
    do {
      try file.readHeader()
    } catch {
      throw CaptureFileError(reason: error, file: name, packets: 0, offset: file.input.offset)
    }
    return file
  }

  /// Reads the next packet; nil at the end. Its bytes are ``current`` until the next call.
  ///
  /// Times lie between 1970 and 2223: what a file says beyond is moved to the nearer end.
  ///
  /// - Throws: what is wrong, once, after everything in front of it was handed out; nil from then on.
  mutating func next() throws(CaptureFileError) -> CapturedPacket? {
    guard !isFinished else { return nil }
    do {
      let found: CapturedPacket?
      switch layout {
      case .records(let layout): found = try nextRecord(layout)
      case .blocks(let isSwapped): found = try nextBlock(isSwapped: isSwapped)
      }
      if let found {
        packets &+= 1
        return found
      }
    } catch {
      isFinished = true
      unsafe current = UnsafeRawBufferPointer(start: nil, count: 0)
      throw CaptureFileError(reason: error, file: name, packets: packets, offset: input.offset)
    }
    isFinished = true
    unsafe current = UnsafeRawBufferPointer(start: nil, count: 0)
    return nil
  }

  /// Takes the packet's bytes, which begin `header` bytes behind the front and of which `record`
  /// bytes are there in all, and goes behind them.
  @inline(__always)
  mutating func take(header: Int, captured: Int, record: Int) {
    unsafe current = UnsafeRawBufferPointer(start: input.front + header, count: captured)
    input.skip(record)
  }

  private mutating func readHeader() throws(CaptureFileError.Reason) {
    guard try input.has(Self.magicBytes) else {
      throw input.available == 0 ? .empty : .notACapture
    }
    if load(UInt32.self, at: 0) == Self.sectionHeader {
      layout = .blocks(isSwapped: false)
      try readSectionHeader()
    } else {
      try readRecordHeader()
    }
  }

  /// A number of the file in our byte order, `offset` bytes behind the front.
  ///
  /// The caller has asked ``FileInput/has(_:)`` for it.
  @inline(__always)
  func load<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type, at offset: Int, isSwapped: Bool = false
  ) -> Number {
    precondition(
      offset >= 0 && offset + MemoryLayout<Number>.size <= input.available,
      "a number is read only where the window has it")
    let number = unsafe input.front.loadUnaligned(fromByteOffset: offset, as: Number.self)
    return isSwapped ? number.byteSwapped : number
  }

  /// 1970 to 2223, so that differences and deadlines of times never overflow.
  @inline(__always)
  static func clamped(_ nanoseconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: min(max(nanoseconds, 0), 8_000_000_000_000_000_000))
  }
}
