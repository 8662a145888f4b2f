// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import Capture

@Suite struct ELFFileTests {
  /// A library with two functions, of which one is its own, and a build id.
  static func library() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x300)
    func put(_ value: UInt64, _ count: Int, at offset: Int) {
      for index in 0..<count {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      }
    }
    bytes.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    // Segments: code at 0x4000 from 0x200 on; notes.
    put(64, 8, at: 32)
    put(56, 2, at: 54)
    put(2, 2, at: 56)
    for (at, kind, offset, address, size) in [
      (64, 1, 0x200, 0x4000, 0x80), (120, 4, 0x280, 0, 36),
    ] as [(Int, UInt64, UInt64, UInt64, UInt64)] {
      put(kind, 4, at: at)
      put(offset, 8, at: at + 8)
      put(address, 8, at: at + 16)
      put(size, 8, at: at + 32)
    }
    // Sections: dynamic symbols, their names.
    put(176, 8, at: 40)
    put(64, 2, at: 58)
    put(2, 2, at: 60)
    for (at, kind, offset, size, link) in [
      (176, 11, 0x130, 72, 1), (240, 3, 0x180, 19, 0),
    ] as [(Int, UInt64, UInt64, UInt64, UInt64)] {
      put(kind, 4, at: at + 4)
      put(offset, 8, at: at + 24)
      put(size, 8, at: at + 32)
      put(link, 4, at: at + 40)
    }
    bytes.replaceSubrange(0x180..<0x193, with: Array("\0SSL_read\0SSL_write\0".utf8))
    for (at, name, section, address) in [
      (0x148, 1, 7, 0x4010), (0x160, 10, 0, 0),
    ] as [(Int, UInt64, UInt64, UInt64)] {
      put(name, 4, at: at)
      put(2, 1, at: at + 4)
      put(section, 2, at: at + 6)
      put(address, 8, at: at + 8)
    }
    put(4, 4, at: 0x280)
    put(20, 4, at: 0x284)
    put(3, 4, at: 0x288)
    bytes.replaceSubrange(0x28c..<0x290, with: Array("GNU\0".utf8))
    for index in 0..<20 { bytes[0x290 + index] = UInt8(index) }
    return bytes
  }

  static func read(_ bytes: [UInt8]) throws(ELFFile.Fault) -> (
    id: [UInt8], offsets: [String: UInt64]
  ) {
    let path = "/tmp/metaflow-\(UUID()).elf"
    _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
    let descriptor = unsafe open(path, O_RDONLY)
    unsafe unlink(path)
    defer { close(descriptor) }
    let file = try ELFFile(descriptor: descriptor)
    return (file.buildID, try file.functions(["SSL_read", "SSL_write"]))
  }

  @Test func functionsThatAreDefinedAreFoundInTheFile() throws {
    let library = try Self.read(Self.library())
    #expect(library.offsets == ["SSL_read": 0x210])
    #expect(library.id == (0..<20).map { UInt8($0) })
  }

  @Test(arguments: ["#!/bin/sh\n", "", "\u{7f}ELF"]) func whatIsNoLibraryIsForeign(text: String) {
    #expect(throws: ELFFile.Fault.foreign) { try Self.read(Array(text.utf8)) }
  }

  @Test func damageIsAFaultOrFindsLess() {
    let library = Self.library()
    for end in stride(from: 0, to: library.count, by: 7) {
      _ = try? Self.read(Array(library[..<end]))
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      var damaged = library
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        damaged[Int.random(in: 0..<0x1a0, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      _ = try? Self.read(damaged)
    }
  }
}

@Suite struct FileMappingTests {
  @Test func linesOfFilesThatAreRunAreRead() {
    let lines = """
      7f0000001000-7f0000021000 r-xp 00026000 08:01 1234                       /usr/lib/libssl.so.3
      7f0000021000-7f0000031000 r--p 00046000 08:01 1234                       /usr/lib/libssl.so.3
      7f0000041000-7f0000051000 r-xp 00000000 00:00 0 
      7f0000061000-7f0000071000 r-xp 00000000 00:00 0                          [vdso]
      7f0000081000-7f0000091000 r-xp 00000000 08:01 9                          /opt/a b (deleted)
      """
    let mappings = lines.split(separator: "\n").compactMap { FileMapping(line: $0, process: 7) }
    #expect(mappings.map(\.path) == ["/usr/lib/libssl.so.3", "/opt/a b (deleted)"])
    #expect(mappings.first?.start == 0x7f00_0000_1000 && mappings.first?.end == 0x7f00_0002_1000)
  }

  @Test(arguments: [
    ("/usr/lib/libssl.so.3", true), ("/app/libs/libssl-4d3f.so.1.1", true),
    ("/usr/sbin/nginx", true), ("/usr/lib/libc.so.6", false), ("/usr/lib/_ssl.cpython.so", false),
    ("[vdso]", false), ("//anon", true),
  ]) func onlyProgramsAndTheLibraryAreLookedAt(path: String, isOne: Bool) throws {
    let line = "1000-2000 r-xp 00000000 08:01 1 \(path)"
    #expect((FileMapping(line: line[...], process: 1)?.mayHoldTLS ?? false) == isOne)
  }
}
