// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What is needed of a program or library to put probes into it: who built it, and where in the file
/// its functions begin. (System V ABI, "ELF-64 Object File Format".)
struct ELFFile {
  enum Fault: Error, Equatable {
    case unreadable(CInt)
    /// No ELF file of 64 bits, little endian.
    case foreign
    /// A table lies outside of the file, or is larger than ``tableLimit``.
    case malformed
    /// It is of a kind that cannot be probed, and why.
    case unknown(String)
  }

  /// The note that linkers write; empty when there is none.
  private(set) var buildID: [UInt8] = []
  private let descriptor: CInt
  private let segments: [Segment]
  private let sections: [Section]
  private let sectionNames: [UInt8]
  /// Whether its code is for the kind of machine that this is.
  let isOfThisMachine: Bool

  private struct Segment {
    var kind: UInt32
    var offset: UInt64
    var address: UInt64
    var size: UInt64
  }

  struct Section {
    fileprivate var name: UInt32
    fileprivate var kind: UInt32
    /// Where it is loaded, and where it lies in the file.
    var address: UInt64
    var offset: UInt64
    var size: UInt64
    fileprivate var link: UInt32
  }

  /// Bytes of the largest table that is read.
  static let tableLimit = 32 << 20
  private static let (loadable, notes): (UInt32, UInt32) = (1, 4)
  private static let dynamicSymbols: UInt32 = 11
  private static let symbolBytes = 24
  #if arch(arm64)
    private static let machine: UInt64 = 183
  #else
    private static let machine: UInt64 = 62
  #endif

  /// Reads the tables of an open file, which stays the caller's.
  init(descriptor: CInt) throws(Fault) {
    self.descriptor = descriptor
    let head = try Self.read(descriptor, at: 0, count: 64)
    guard head.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { throw .foreign }
    segments = try Self.table(
      descriptor, at: head.integer(32, 8), count: head.integer(56, 2), entry: head.integer(54, 2),
      atLeast: 56
    ) { entry in
      Segment(
        kind: UInt32(entry.integer(0, 4)), offset: entry.integer(8, 8),
        address: entry.integer(16, 8), size: entry.integer(32, 8))
    }
    sections = try Self.table(
      descriptor, at: head.integer(40, 8), count: head.integer(60, 2), entry: head.integer(58, 2),
      atLeast: 64
    ) { entry in
      Section(
        name: UInt32(entry.integer(0, 4)), kind: UInt32(entry.integer(4, 4)),
        address: entry.integer(16, 8), offset: entry.integer(24, 8), size: entry.integer(32, 8),
        link: UInt32(entry.integer(40, 4)))
    }
    isOfThisMachine = head.integer(18, 2) == Self.machine
    let names = Int(head.integer(62, 2))
    sectionNames =
      names < sections.count && sections[names].size <= 65_536
      ? try Self.read(descriptor, at: sections[names].offset, count: Int(sections[names].size))
      : []
    buildID = try readBuildID()
  }

  /// Where in the file those of `names` begin that it exports.
  func functions(_ names: [String]) throws(Fault) -> [String: UInt64] {
    var found: [String: UInt64] = [:]
    for table in sections where table.kind == Self.dynamicSymbols {
      guard Int(table.link) < sections.count else { throw .malformed }
      let symbols = try read(table.offset, table.size)
      let strings = try read(sections[Int(table.link)].offset, sections[Int(table.link)].size)
      let wanted = names.map { ($0, Array($0.utf8) + [0]) }
      for start in stride(
        from: 0, through: symbols.count - Self.symbolBytes, by: Self.symbolBytes)
      {
        let symbol = symbols[start..<start + Self.symbolBytes]
        // A function that is defined here.
        guard symbol[start + 4] & 0xf == 2, symbol.integer(6, 2) != 0 else { continue }
        let name = Int(symbol.integer(0, 4))
        guard name < strings.count else { throw .malformed }
        guard let match = wanted.first(where: { strings[name...].starts(with: $0.1) }),
          let offset = offset(of: symbol.integer(8, 8))
        else { continue }
        found[match.0] = offset
      }
    }
    return found
  }

  /// The section of that name; nil when there is none.
  func section(_ name: String) -> Section? {
    let text = Array(name.utf8) + [0]
    return sections.first {
      Int($0.name) < sectionNames.count && sectionNames[Int($0.name)...].starts(with: text)
    }
  }

  /// Where in the file what is loaded at `address` lies.
  func offset(of address: UInt64) -> UInt64? {
    for segment in segments where segment.kind == Self.loadable {
      if address >= segment.address, address - segment.address < segment.size {
        return segment.offset &+ (address - segment.address)
      }
    }
    return nil
  }

  private func readBuildID() throws(Fault) -> [UInt8] {
    for segment in segments where segment.kind == Self.notes && segment.size <= 65_536 {
      var note = try read(segment.offset, segment.size)[...]
      while note.count >= 12 {
        let (name, size) = (Int(note.integer(0, 4)), Int(note.integer(4, 4)))
        let begin = 12 + (name + 3) & ~3
        guard name <= 65_536, size <= 65_536, begin + size <= note.count else { break }
        let content = note.dropFirst(begin).prefix(size)
        if note.integer(8, 4) == 3, note.dropFirst(12).prefix(4).elementsEqual(Array("GNU\0".utf8))
        {
          return Array(content)
        }
        note = note.dropFirst(min(note.count, begin + (size + 3) & ~3))
      }
    }
    return []
  }

  /// A part of the file, which must be there.
  func read(_ offset: UInt64, _ size: UInt64) throws(Fault) -> [UInt8] {
    guard size <= UInt64(Self.tableLimit) else { throw .malformed }
    return try Self.read(descriptor, at: offset, count: Int(size))
  }

  /// As much of a part as the file has.
  func read(_ offset: UInt64, atMost size: UInt64) throws(Fault) -> [UInt8] {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(errno) }
    let end = UInt64(clamping: status.st_size)
    guard offset <= end else { throw .malformed }
    return try read(offset, min(size, end - offset))
  }

  private static func table<Entry>(
    _ descriptor: CInt, at offset: UInt64, count: UInt64, entry: UInt64, atLeast least: UInt64,
    _ make: (ArraySlice<UInt8>) -> Entry
  ) throws(Fault) -> [Entry] {
    guard count > 0 else { return [] }
    guard entry >= least else { throw .malformed }
    let bytes = try read(descriptor, at: offset, count: Int(count * entry))
    var entries: [Entry] = []
    for number in 0..<Int(count) {
      entries.append(make(bytes[number * Int(entry)..<(number + 1) * Int(entry)]))
    }
    return entries
  }

  private static func read(
    _ descriptor: CInt, at offset: UInt64, count: Int
  ) throws(Fault) -> [UInt8] {
    guard offset <= UInt64(Int.max) - UInt64(count) else { throw .malformed }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let more = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(descriptor, buffer.baseAddress! + done, count - done, Int(offset) + done)
      }
      if more < 0 && errno == EINTR { continue }
      guard more >= 0 else { throw .unreadable(errno) }
      guard more > 0 else { throw offset == 0 ? .foreign : .malformed }
      done += more
    }
    return bytes
  }
}

extension Collection where Element == UInt8, Index == Int {
  /// `count` bytes from the `offset`th on, the least significant first; 0 where there are none.
  func integer(_ offset: Int, _ count: Int) -> UInt64 {
    guard self.count >= offset + count else { return 0 }
    var value: UInt64 = 0
    for index in (0..<count).reversed() {
      value = value << 8 | UInt64(self[startIndex + offset + index])
    }
    return value
  }
}

extension ELFFile.Fault: CustomStringConvertible {
  var description: String {
    switch self {
    case .unreadable(let code): "it cannot be read (\(SystemError.text(of: code)))"
    case .foreign: "it is no program for this machine"
    case .malformed: "its tables contradict each other"
    case .unknown(let reason): reason
    }
  }
}
