// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import Capture

/// Programs of Go as their linker lays them out, but for what nobody reads.
struct GoImage {
  var magic: UInt64 = 0xffff_fff1
  /// Where the table says that code begins; newer versions say nothing.
  var codeBegins: UInt64 = 0x40_1000
  /// Where the runtime's own record says so; nil without one.
  var recorded: UInt64?
  /// Bytes of other code before Go's.
  var foreignCode = 0
  var names = ["main.main", "crypto/tls.(*Conn).Read", "crypto/tls.(*Conn).Write"]

  /// A function with two returns, one of them behind an instruction that does nothing: what it looks
  /// like, and where there is a frame.
  static let code: [UInt8] =
    [0x49, 0x3b, 0x66, 0x10, 0x76, 0x20, 0x55, 0xc3, 0x48, 0x89, 0xe5, 0x5d]
    + [0xc3, 0xc3, 0x11, 0xc3, 0x5d, 0x90, 0xc3, 0xe8, 1, 2, 3, 4, 0xeb, 0xe4]
  /// No frame at 0..<7, 12..<13 and 17..<26.
  static let frames: [UInt8] = [2, 7, 16, 5, 15, 1, 16, 4, 15, 9, 0]
  static let returns: [UInt64] = [12, 18]

  static let (text, table, module) = (0x1000, 0x4000, 0x8000)
  static let address: UInt64 = 0x40_0000

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0xa000)
    func put(_ value: UInt64, _ count: Int, at offset: Int) {
      for index in 0..<count {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      }
    }
    bytes.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    #if arch(arm64)
      put(183, 2, at: 18)
    #else
      put(62, 2, at: 18)
    #endif
    // One segment: all of the file.
    for (value, count, at) in [
      (64, 8, 32), (56, 2, 54), (1, 2, 56), (1, 4, 64), (0, 8, 72), (Self.address, 8, 80),
      (0xa000, 8, 96), (0x200, 8, 40), (64, 2, 58), (5, 2, 60), (4, 2, 62),
    ] as [(UInt64, Int, Int)] { put(value, count, at: at) }
    let sectionNames = "\0.text\0.gopclntab\0.go.module\0.shstrtab\0"
    for (index, (name, place, size)) in [
      (1, Self.text, 0x2000), (7, Self.table, 0x3000), (18, Self.module, recorded == nil ? 0 : 184),
      (29, 0x400, sectionNames.utf8.count),
    ].enumerated() {
      let at = 0x240 + 64 * index
      put(UInt64(name), 4, at: at)
      put(1, 4, at: at + 4)
      put(Self.address + UInt64(place), 8, at: at + 16)
      put(UInt64(place), 8, at: at + 24)
      put(UInt64(size), 8, at: at + 32)
    }
    bytes.replaceSubrange(0x400..<0x400 + sectionNames.utf8.count, with: Array(sectionNames.utf8))
    put(Self.address + UInt64(Self.table), 8, at: Self.module)
    put(recorded ?? 0, 8, at: Self.module + 176)
    // The table: its head, names, stacks, the index of functions, functions.
    for (value, count, at) in [
      (magic, 4, 0), (1, 1, 6), (8, 1, 7), (UInt64(names.count), 8, 8), (codeBegins, 8, 24),
      (72, 8, 32), (0x800, 8, 40), (0x900, 8, 56), (0xa00, 8, 64),
    ] as [(UInt64, Int, Int)] { put(value, count, at: Self.table + at) }
    bytes.replaceSubrange(
      Self.table + 0x900 + 8..<Self.table + 0x908 + Self.frames.count, with: Self.frames)
    var name = 0
    for (index, text) in names.enumerated() {
      let letters = Array(text.utf8) + [0]
      let start = Self.table + 72 + name
      bytes.replaceSubrange(start..<start + letters.count, with: letters)
      let (entry, function) = (UInt64(index * 0x40), 0x400 + index * 40)
      put(entry, 4, at: Self.table + 0xa00 + 8 * index)
      put(UInt64(function), 4, at: Self.table + 0xa04 + 8 * index)
      let place = Self.table + 0xa00 + function
      for (value, at) in [(entry, 0), (UInt64(name), 4), (8, 16)] as [(UInt64, Int)] {
        put(value, 4, at: place + at)
      }
      let code = Self.text + foreignCode + Int(entry)
      bytes.replaceSubrange(code..<code + Self.code.count, with: Self.code)
      name += letters.count
    }
    return bytes
  }

  static func places(_ bytes: [UInt8]) throws(ELFFile.Fault) -> [ProbePlace] {
    let path = "/tmp/metaflow-\(UUID()).elf"
    _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
    let descriptor = unsafe open(path, O_RDONLY)
    unsafe unlink(path)
    defer { close(descriptor) }
    return try TLSImplementation.go.places(in: ELFFile(descriptor: descriptor))
  }
}

#if arch(x86_64)
  @Suite struct GoFunctionsTests {
    private func expected(after foreign: UInt64 = 0) -> [ProbePlace] {
      [("go_read", 0x40 as UInt64), ("go_write", 0x80)].flatMap { name, entry in
        let begin = UInt64(GoImage.text) + foreign + entry
        return GoImage.returns.map { ProbePlace(program: "\(name)_ended", offset: begin + $0) }
          + [ProbePlace(program: "\(name)_began", offset: begin + 4)]
      }
    }

    @Test func functionsAreFoundWhereTheyBeginAndReturn() throws {
      #expect(try GoImage.places(GoImage().bytes) == expected())
    }

    @Test(arguments: [0xffff_fff0, 0xffff_fff1] as [UInt64])
    func everyKnownTableIsRead(magic: UInt64) throws {
      #expect(try GoImage.places(GoImage(magic: magic).bytes) == expected())
    }

    /// Go 1.26 and later leave it out; C code may come before Go's.
    @Test(
      arguments: [(0, nil, 0), (0, 0x40_1100, 0x100), (0x40_1100, nil, 0x100)]
        as [(UInt64, UInt64?, Int)])
    func codeIsFoundWhereverItBegins(said: UInt64, recorded: UInt64?, foreign: Int) throws {
      let image = GoImage(codeBegins: said, recorded: recorded, foreignCode: foreign)
      #expect(try GoImage.places(image.bytes) == expected(after: UInt64(foreign)))
    }

    @Test func aProgramWithoutTLSHasNoPlaces() throws {
      let image = GoImage(names: ["main.main", "crypto/tls.(*Conn).Readable"])
      #expect(try GoImage.places(image.bytes).isEmpty)
    }

    @Test func codeThatIsNotWhereTheTableSaysIsNotProbed() {
      #expect(throws: ELFFile.Fault.unknown("its functions are not where its own table says")) {
        try GoImage.places(GoImage(foreignCode: 0x100).bytes)
      }
    }

    @Test(arguments: [0xffff_fffa, 0xffff_fffb, 0xffff_fff2] as [UInt64])
    func aTableThatIsNotKnownIsSaid(magic: UInt64) {
      #expect(throws: ELFFile.Fault.self) { try GoImage.places(GoImage(magic: magic).bytes) }
    }

    /// Whatever a table says, a probe is put only where there is such an instruction.
    @Test func aDamagedTableGivesNoPlaceThatIsNone() {
      let whole = GoImage().bytes
      for range in [0..<72, 0x900..<0x914, 0xa00..<0xa18, 0xe00..<0xe78] {
        for offset in range {
          for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
            var bytes = whole
            bytes[GoImage.table + offset] = value
            for place in (try? GoImage.places(bytes)) ?? [] {
              let at = Int(place.offset)
              let isThere =
                place.program.hasSuffix("_ended")
                ? bytes[at] == 0xc3 : bytes[at - 4..<at].elementsEqual(GoImage.code[0..<4])
              #expect(isThere, "\(offset): \(value)")
            }
          }
        }
      }
    }
  }
#endif
