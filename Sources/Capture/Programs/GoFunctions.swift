// SPDX-License-Identifier: Apache-2.0

/// Where a program of Go has some of its functions: from the table by which its runtime walks stacks,
/// which a stripped program has too (src/runtime/symtab.go; the linker writes it in
/// cmd/link/internal/ld/pcln.go).
///
/// Read in pieces: of a large program it is tens of megabytes.
struct GoFunctions {
  /// The table's head as Go 1.18 and 1.20 write it: since the first, functions take their parameters in
  /// registers everywhere.
  private static let versions: [UInt32] = [0xffff_fff0, 0xffff_fff1]
  private static let headBytes = 72
  /// `_func`: entry, name, two others, stack.
  private static let functionBytes = 20
  private static let (nameAt, stackAt) = (4, 16)
  /// Bytes of the largest function that is read, and of what is told of its stack.
  private static let codeLimit: UInt64 = 65_536
  private static let stackLimit: UInt64 = 16_384

  private let file: ELFFile
  private let table: ELFFile.Section
  private let count: UInt64
  private let names: Range<UInt64>
  private let stacks: UInt64
  private let functions: UInt64
  /// Where the code may begin that entries count from: what the table says, which newer versions leave
  /// out, or the runtime's own record, or the section.
  private let bases: [UInt64]

  /// nil for a file that is no program of Go.
  init?(_ file: ELFFile) throws(ELFFile.Fault) {
    guard let table = file.section(".gopclntab") ?? file.section(".data.rel.ro.gopclntab"),
      let code = file.section(".text")
    else { return nil }
    guard file.isOfThisMachine else { throw .foreign }
    let head = try file.read(table.offset, UInt64(Self.headBytes))
    guard Self.versions.contains(UInt32(truncatingIfNeeded: head.integer(0, 4))) else {
      throw .unknown("it was built by a Go older than 1.18, or by one that is not known yet")
    }
    guard head[7] == 8, table.size >= UInt64(Self.headBytes) else { throw .malformed }
    count = head.integer(8, 8)
    let (begin, end) = (head.integer(32, 8), head.integer(40, 8))
    stacks = head.integer(56, 8)
    functions = head.integer(64, 8)
    guard begin <= end, end <= table.size, stacks <= table.size, functions <= table.size,
      count <= (table.size - functions) / 8
    else { throw .malformed }
    names = begin..<end
    self.file = file
    self.table = table
    var bases = [head.integer(24, 8)]
    // runtime.moduledata: pcHeader comes first, and text behind twenty-one other words.
    if let module = file.section(".go.module"), module.size >= 184 {
      let words = try file.read(module.offset, 184)
      if words.integer(0, 8) == table.address { bases.append(words.integer(176, 8)) }
    }
    bases.append(code.address)
    self.bases = bases.filter { $0 != 0 }
  }

  /// Those of `wanted` that the program has.
  func find(_ wanted: [String]) throws(ELFFile.Fault) -> [String: GoFunction] {
    let numbers = try numbers(of: wanted)
    guard !numbers.isEmpty else { return [:] }
    var found: [String: GoFunction] = [:]
    let index = try file.read(table.offset + functions, count * 8)
    var window = FileWindow(file)
    for entry in stride(from: 0, to: index.count, by: 8) {
      let place = functions + index.integer(entry + 4, 4)
      guard place + UInt64(Self.functionBytes) <= table.size else { throw .malformed }
      let function = try window.read(table.offset + place, Self.functionBytes)
      guard let name = numbers[function.integer(Self.nameAt, 4)] else { continue }
      let stack = try file.read(
        table.offset + stacks + function.integer(Self.stackAt, 4), atMost: Self.stackLimit)
      found[name] = try read(
        GoStack(stack, instructionBytes: Int(instructionBytes)), entry: function.integer(0, 4))
      if found.count == numbers.count { break }
    }
    return found
  }

  private var instructionBytes: UInt8 { GoFunction.instructionBytes }

  /// Reads the function itself, wherever it is that its instructions are what the table says of them.
  private func read(_ stack: GoStack, entry: UInt64) throws(ELFFile.Fault) -> GoFunction {
    guard stack.length > 0, stack.length <= Self.codeLimit else { throw .malformed }
    for base in bases {
      guard let offset = file.offset(of: base &+ entry) else { continue }
      let code = try file.read(offset, atMost: stack.length)
      if let function = GoFunction(code, stack, at: offset) { return function }
    }
    throw .unknown("its functions are not where its own table says")
  }

  /// The names by their numbers: where they lie among all names.
  private func numbers(of wanted: [String]) throws(ELFFile.Fault) -> [UInt64: String] {
    var numbers: [UInt64: String] = [:]
    let texts = wanted.map { ($0, [0] + Array($0.utf8) + [0]) }
    let overlap = UInt64(texts.map(\.1.count).max() ?? 0)
    var start = names.lowerBound
    while start < names.upperBound, numbers.count < wanted.count {
      let bytes = try file.read(
        table.offset + start, min(FileWindow.size, names.upperBound - start))
      for (name, text) in texts {
        if let place = bytes.place(of: text) {
          numbers[start + UInt64(place) + 1 - names.lowerBound] = name
        }
      }
      guard UInt64(bytes.count) > overlap else { break }
      start += UInt64(bytes.count) - overlap
    }
    return numbers
  }
}

/// A file read forwards in pieces, each once.
private struct FileWindow {
  static let size: UInt64 = 1 << 20

  private let file: ELFFile
  private var start: UInt64 = 0
  private var bytes: [UInt8] = []

  init(_ file: ELFFile) { self.file = file }

  mutating func read(_ offset: UInt64, _ count: Int) throws(ELFFile.Fault) -> ArraySlice<UInt8> {
    if offset < start || offset + UInt64(count) > start + UInt64(bytes.count) {
      bytes = try file.read(offset, atMost: Self.size)
      start = offset
    }
    let begin = Int(offset - start)
    guard begin + count <= bytes.count else { throw .malformed }
    return bytes[begin..<begin + count]
  }
}

extension [UInt8] {
  /// Where `text` lies; nil when it does not.
  fileprivate func place(of text: [UInt8]) -> Int? {
    guard text.count > 1, count >= text.count else { return nil }
    let (bytes, wanted) = (span, text.span)
    var start = 0
    while start <= bytes.count - wanted.count {
      var index = 0
      while index < wanted.count, bytes[start + index] == wanted[index] { index += 1 }
      if index == wanted.count { return start }
      start += 1
    }
    return nil
  }
}
