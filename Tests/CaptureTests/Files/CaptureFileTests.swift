// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

@Suite struct CaptureFileTests {
  private static let frame = [UInt8](0..<60)

  /// Every variant of pcap says the same.
  @Test(
    arguments: [
      (0xa1b2_c3d4, 7_000, 0), (0xa1b2_3c4d, 7_000_000, 0), (0xa1b2_cd34, 7_000, 8),
    ] as [(UInt32, UInt32, Int)], [false, true])
  func recordsOfEveryVariant(variant: (UInt32, UInt32, Int), isBigEndian: Bool) {
    var file = FileBytes.records(magic: variant.0, isBigEndian: isBigEndian, linkType: 113)
    file.record(seconds: 5, fraction: variant.1, Self.frame, length: 1_500, extra: variant.2)
    file.record(seconds: 6, fraction: 0, [], extra: variant.2)
    let reading = Reading.of(file.bytes)
    #expect(reading.error == nil)
    #expect(reading.bytes == [Self.frame, []])
    #expect(reading.packets.map(\.time.nanoseconds) == [5_007_000_000, 6_000_000_000])
    #expect(reading.packets.map(\.length) == [1_500, 0])
    #expect(reading.packets.map(\.linkType) == [.linuxCooked, .linuxCooked])
    #expect(reading.packets.map(\.interface) == [0, 0])
    #expect(reading.interfaces.count == 1)
    #expect(reading.position == UInt64(file.bytes.count))
  }

  /// The number may carry the length of check sequences, and raw IP had other numbers before.
  @Test(
    arguments: [
      (0x5400_0001, 1), (12, 101), (14, 101), (101, 101), (276, 276), (0x0300_0000, 65_535),
    ] as [(UInt32, UInt16)])
  func linkTypesHaveOneNumber(inFile: UInt32, ours: UInt16) {
    var file = FileBytes.records(linkType: inFile)
    file.record(seconds: 0, fraction: 0, Self.frame)
    #expect(Reading.of(file.bytes).packets.map(\.linkType.rawValue) == [ours])
  }

  /// Sections, interfaces with clocks of their own, every kind of packet block, and blocks that are
  /// nobody's business.
  @Test(arguments: [false, true])
  func blocksOfEveryKind(isBigEndian: Bool) {
    var file = FileBytes(isBigEndian: isBigEndian)
    file.section()
    file.interface(linkType: 1, snapLength: 40, name: "eth0")
    file.interface(linkType: 101, name: "tun0", resolution: 9, offset: 1_000)
    file.block(5) { $0.put(UInt64(1)) }
    file.packet(0, units: 5_000_007, Self.frame, length: 1_500)
    file.packet(1, units: 2_000_000_003, [0x45])
    file.block(0x4000_0bad) { $0.put(UInt32(7)) }
    file.block(3) {
      $0.put(UInt32(60))
      $0.bytes += Self.frame
    }
    file.block(2) {
      $0.put(UInt16(1))
      $0.put(UInt16(9))
      for number in [0, 5, 2, 3] as [UInt32] { $0.put(number) }
      $0.bytes += [0x60, 0x61]
    }
    // A second section counts its interfaces anew, in its own byte order.
    var second = FileBytes(isBigEndian: !isBigEndian)
    second.section()
    second.interface(linkType: 113, name: "any", resolution: 0x80 | 10)
    second.interface(linkType: 1, name: "eth0")
    second.packet(0, units: 3 << 10 | 512, Self.frame)
    second.packet(1, units: 1, Self.frame)
    let reading = Reading.of(file.bytes + second.bytes)
    #expect(reading.error == nil)
    #expect(reading.interfaces == ["eth0", "tun0", "any"])
    #expect(reading.packets.map(\.interface) == [0, 1, 0, 1, 2, 0])
    #expect(reading.packets.map(\.linkType.rawValue) == [1, 101, 1, 101, 113, 1])
    #expect(
      reading.packets.map(\.time.nanoseconds) == [
        5_000_007_000, 1_002_000_000_003, 1_002_000_000_003, 1_000_000_000_005, 3_500_000_000,
        1_000,
      ])
    #expect(reading.packets.map(\.length) == [1_500, 1, 60, 3, 60, 60])
    #expect(
      reading.bytes == [
        Self.frame, [0x45], Array(Self.frame[..<40]), [0x60, 0x61], Self.frame, Self.frame,
      ])
  }

  /// Times that no calendar has stay inside the range that differences can be taken in.
  @Test(
    arguments: [
      (6, nil, UInt64.max, 8_000_000_000_000_000_000), (9, Int64.max, 1, 8_000_000_000_000_000_000),
      (9, Int64.min, 1, 0), (6, -10, 1_000_000, 0),
      (18, nil, 5_000_000_000_000_000_001, 5_000_000_000),
      (0x80 | 63, nil, 1 << 62, 500_000_000), (0, nil, 7, 7_000_000_000),
      (0x80, nil, 7, 7_000_000_000),
    ] as [(UInt8, Int64?, UInt64, Int64)])
  func timesStayInRange(resolution: UInt8, offset: Int64?, units: UInt64, expected: Int64) {
    var file = FileBytes()
    file.section()
    file.interface(resolution: resolution, offset: offset)
    file.packet(0, units: units, [1])
    #expect(Reading.of(file.bytes).packets.map(\.time.nanoseconds) == [expected])
  }

  private static var samples: [[UInt8]] {
    var records = FileBytes.records()
    for index in 0..<4 {
      records.record(
        seconds: UInt32(index), fraction: 0, [UInt8](repeating: UInt8(index), count: 9 + index))
    }
    var blocks = FileBytes(isBigEndian: true)
    blocks.section()
    blocks.interface(name: "eth0", resolution: 9, offset: 3)
    for index in 0..<4 {
      blocks.packet(0, units: UInt64(index), [UInt8](repeating: UInt8(index), count: 9 + index))
    }
    return [records.bytes, blocks.bytes]
  }

  /// Wherever a file ends, the packets in front of the end are there, and the end is told.
  @Test(arguments: [0, 1])
  func whatStandsBeforeTheCutIsRead(sample: Int) {
    let whole = Self.samples[sample]
    let all = Reading.of(whole)
    #expect(all.error == nil && all.packets.count == 4)
    var clean = 0
    for length in 0..<whole.count {
      let cut = Reading.of(Array(whole[..<length]))
      #expect(all.bytes.starts(with: cut.bytes))
      if cut.error == nil {
        clean += 1
      } else if !cut.packets.isEmpty {
        #expect(cut.error?.reason == .truncated)
        #expect(cut.error?.packets == UInt64(cut.packets.count))
      }
    }
    // Only a cut between two records, or behind the header, looks like an end.
    #expect(clean == (sample == 0 ? 4 : 5))
  }

  /// Damage is told or read over; it never stops the program.
  @Test(arguments: [0, 1])
  func everyByteMayBeWrong(sample: Int) {
    let whole = Self.samples[sample]
    for index in whole.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
        var damaged = whole
        damaged[index] = value
        #expect(Reading.of(damaged).packets.count <= 5)
      }
    }
  }

  /// Compressed or not, of one piece or several, and with the padding that tapes leave.
  @Test(arguments: [0, 1])
  func compressionChangesNothing(sample: Int) {
    var whole = Self.samples[sample]
    if sample == 0 {
      // More than any buffer on the way, so that it passes in pieces.
      var more = FileBytes()
      for index in 0..<20_000 {
        more.record(
          seconds: UInt32(index), fraction: 1,
          (0..<200).map { UInt8(truncatingIfNeeded: index &* 31 &+ $0 &* $0) })
      }
      whole += more.bytes
    }
    let plain = Reading.of(whole)
    let middle = whole.count / 2
    let (front, back) = (Array(whole[..<middle]), Array(whole[middle...]))
    #expect(Reading.of(FileBytes.gzip(whole)) == plain)
    #expect(Reading.of(FileBytes.zstd(whole)) == plain)
    #expect(Reading.of(FileBytes.gzip(front) + FileBytes.gzip(back) + [0, 0, 0]) == plain)
    #expect(Reading.of(FileBytes.zstd(front) + FileBytes.zstd(back)) == plain)
    #expect(plain.error == nil)
  }

  @Test func compressedDataMayBeCutOrDamaged() {
    var file = FileBytes.records()
    // Bytes that do not compress, so that half of the file holds packets.
    var state: UInt64 = 0x9e37_79b9
    for index in 0..<2_000 {
      let packet = (0..<200).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
      }
      file.record(seconds: UInt32(index), fraction: 1, packet)
    }
    for packed in [FileBytes.gzip(file.bytes), FileBytes.zstd(file.bytes)] {
      let cut = Reading.of(Array(packed[..<(packed.count / 2)]))
      #expect(cut.error?.reason == .truncated)
      #expect(!cut.packets.isEmpty)
    }
    var damaged = FileBytes.gzip(file.bytes)
    for index in (damaged.count / 2)..<(damaged.count / 2 + 64) { damaged[index] ^= 0xff }
    #expect(Reading.of(damaged).error != nil)
  }

  /// A pipe has no size and comes in pieces; packets are the same.
  @Test(arguments: [0, 1])
  func aPipeIsReadLikeAFile(sample: Int) throws {
    let whole = Self.samples[sample]
    let plain = Reading.of(whole)
    for piece in [1, 7, 64] {
      var ends: [CInt] = [0, 0]
      #expect(unsafe pipe(&ends) == 0)
      let writer = ends[1]
      let reading = OtherThread.both {
        for start in stride(from: 0, to: whole.count, by: piece) {
          let part = Array(whole[start..<min(start + piece, whole.count)])
          unsafe _ = write(writer, part, part.count)
        }
        close(writer)
      } and: {
        Reading("/dev/fd/\(ends[0])")
      }
      close(ends[0])
      #expect(reading == plain)
    }
  }

  @Test(
    arguments: [
      ([], .empty), (Array("hello, world, this is text".utf8), .notACapture),
      ([0xa1], .notACapture),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0], .packed(by: "xz")),
      (Array("BZh91AY&SY".utf8), .packed(by: "bzip2")),
      ([0x04, 0x22, 0x4d, 0x18, 0, 0, 0], .packed(by: "lz4")),
    ] as [([UInt8], CaptureFileError.Reason)])
  func whatIsNoCaptureIsRefused(content: [UInt8], reason: CaptureFileError.Reason) {
    let reading = Reading.of(content)
    #expect(reading.error?.reason == reason)
    #expect(reading.packets.isEmpty)
  }

  @Test func aFileThatIsNotThereIsNamed() {
    let error = Reading("/nowhere/talk.pcap").error
    #expect(error?.reason == .unreadable(ENOENT))
    #expect(error.map { "\($0)" }?.contains("/nowhere/talk.pcap cannot be read") == true)
    #expect(Reading("/tmp").error?.reason == .unreadable(EISDIR))
  }

  /// A length is the file's word, so it must not buy unbounded memory.
  @Test func hugeLengthsAreRefused() {
    var file = FileBytes.records()
    file.record(seconds: 1, fraction: 0, Self.frame)
    for number in [1, 0, 0x7fff_ffff, 60] as [UInt32] { file.put(number) }
    let records = Reading.of(file.bytes)
    #expect(records.packets.count == 1)
    #expect(records.error?.reason == .implausible("captured length", 0x7fff_ffff))
    #expect(records.error?.offset == 100)

    var blocks = FileBytes()
    blocks.section()
    blocks.put(UInt32(99))
    blocks.put(UInt32(0x7fff_fffc))
    blocks.put(UInt32(0))
    #expect(Reading.of(blocks.bytes).error?.reason == .implausible("block length", 0x7fff_fffc))

    var interfaces = FileBytes()
    interfaces.section()
    for index in 0..<5_000 { interfaces.interface(name: "eth\(index)") }
    #expect(
      Reading.of(interfaces.bytes).error?.reason == .implausible("number of interfaces", 4_097))
  }

  /// Every capture that was recorded elsewhere is read to its last byte.
  @Test func theCorpusIsReadWhole() throws {
    let paths = Corpus.captures()
    if paths.isEmpty { print("the corpus is not there: nothing was read") }
    for path in paths {
      let reading = Reading(path)
      #expect(reading.error == nil, "\(path)")
      #expect(!reading.packets.isEmpty, "\(path)")
      var status = stat()
      #expect(unsafe stat(path, &status) == 0)
      #expect(reading.position == UInt64(status.st_size), "\(path)")
    }
  }
}

/// Recorded captures that lie beside the project.
private enum Corpus {
  static func captures() -> [String] {
    var found: [String] = []
    var folders = ["../shared/corpus"]
    while let folder = folders.popLast() {
      for name in names(folder) {
        if name.hasSuffix(".pcap") || name.hasSuffix(".pcapng") {
          found.append("\(folder)/\(name)")
        } else if !name.contains(".") {
          folders.append("\(folder)/\(name)")
        }
      }
    }
    return found.sorted()
  }

  private static func names(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      names.append(
        unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }
}
