// SPDX-License-Identifier: Apache-2.0

import Foundation
import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Replay

/// How several files are one stream of time.
@Suite struct SeveralFilesTests {
  private static let start = CaptureBuilder.start

  /// The lines of a replay.
  private func lines(_ files: [String]) throws -> String {
    try written { sink in
      var progress = ReplayProgress(to: -1)
      let summary = try Replay(files: files, protocols: builtInProtocols)
        .run(into: &sink, progress: &progress)
      #expect(summary.faults == [])
    }
  }

  /// Where a file of at most so many begins: at 0, and at other packets in order.
  private func cuts(
    _ capture: CaptureBuilder, files: Int, _ random: inout SeededGenerator
  ) -> [Range<Int>] {
    let count = capture.frames.count
    guard count > 1 else { return [0..<count] }
    let inner = Set((1..<files).map { _ in Int.random(in: 1..<count, using: &random) }).sorted()
    return zip([0] + inner, inner + [count]).map { $0..<$1 }
  }

  /// The bytes of the whole are those of its parts, however it was cut and in whatever order the parts
  /// are named.
  private func expectSame(
    _ capture: CaptureBuilder, seed: UInt64, _ name: String,
    file: (CaptureBuilder, Range<Int>) -> [UInt8]
  ) throws {
    var random = SeededGenerator(seed: seed)
    var parts = cuts(capture, files: 1 + Int(seed % 9), &random).enumerated().map { index, range in
      (name: "c.pcap" + (index > 0 ? "\(index)" : ""), bytes: file(capture, range))
    }
    parts.shuffle(using: &random)
    var whole = ""
    try withFiles([("c.pcap", file(capture, capture.frames.indices))]) { whole = try lines($0) }
    try withFiles(parts) { paths in
      let found = try lines(paths)
      #expect(found == whole, "\(name) in \(parts.count) files, seed \(seed)")
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func oneCaptureInSeveralFilesIsOne(seed: UInt64) throws {
    try expectSame(.lookUps, seed: seed, "look-ups") { $0.bytes(of: $1) }
    try expectSame(.lookUps, seed: seed, "look-ups as blocks") {
      $0.blocks(interfaces: ["eth0", "eth1", "eth0"], of: $1) { $0 / 2 % 3 }
    }
  }

  /// The same of what others recorded.
  @Test func recordedCapturesMayBeCut() throws {
    let files = corpusCaptures("")
    if files.isEmpty { print("corpus: it is not beside the repository; nothing is cut") }
    for (number, path) in files.enumerated() {
      let packets = try packets(inCaptureFile: path)
      guard let linkType = packets.first?.captured.linkType else { continue }
      var capture = CaptureBuilder(linkType: UInt32(linkType.rawValue))
      for packet in packets {
        capture.frame(packet.bytes, at: packet.captured.time.nanoseconds / 1_000)
      }
      try expectSame(capture, seed: UInt64(number), path) { $0.bytes(of: $1) }
    }
  }

  /// Two hosts that look at one conversation are what one host with two such cards is.
  @Test func filesOfOneTimeAreSeveralPoints() throws {
    let capture = CaptureBuilder.lookUps
    var (client, server) = (CaptureBuilder(), CaptureBuilder())
    var both = CaptureBuilder()
    for frame in capture.frames {
      client.frame(frame.bytes, at: frame.time)
      server.frame(frame.bytes, at: frame.time + 40)
      both.frame(frame.bytes, at: frame.time)
      both.frame(frame.bytes, at: frame.time + 40)
    }
    var merged = ""
    try withFiles([("both.pcapng", both.blocks(interfaces: ["eth0", "eth0"]) { $0 % 2 })]) {
      merged = try lines($0)
    }
    try withFiles([
      ("client.pcapng", client.blocks(interfaces: ["eth0"])),
      ("server.pcapng", server.blocks(interfaces: ["eth0"])),
    ]) { paths in
      #expect(try lines(paths) == merged)
      #expect(try lines(paths.reversed()) == merged)
      try replay(paths) { records, summary in
        #expect(records.calls.count == 20)
        #expect(Set(records.calls.map(\.record.flow)).count == 2)
        expectBalance(summary, "both")
      }
    }
  }

  /// Both hosts begin new files at the same time, and each file goes on for its own host.
  @Test func rotatingHostsStayApart() throws {
    let capture = CaptureBuilder.lookUps
    var far = CaptureBuilder()
    for frame in capture.frames { far.frame(frame.bytes, at: frame.time + 3) }
    var files: [(name: String, bytes: [UInt8])] = []
    for (index, range) in [0..<7, 7..<13, 13..<20].enumerated() {
      files.append(("db-\(index).pcap", far.bytes(of: range)))
      files.append(("web-\(index).pcap", capture.bytes(of: range)))
    }
    try withFiles(files) { paths in
      try replay(paths) { records, _ in
        #expect(records.interfaces.sorted() == ["db-0.pcap", "web-0.pcap"])
        #expect(records.flows.map(\.figures.sent.packets) == [10, 10])
        #expect(records.calls.allSatisfy { $0.record.durationMicroseconds == 250 })
        #expect(records.calls.count == 20)
      }
    }
  }

  /// A file may end a little later than the next of its series begins: queues are not in step.
  @Test(arguments: [(300_000, 1), (700_000, 2)] as [(Int64, Int)])
  func aSeriesMayOverlapALittle(overlap: Int64, flows: Int) throws {
    var (first, second) = (CaptureBuilder(), CaptureBuilder())
    for number in 0..<20 {
      first.lookUp(
        "a", id: UInt16(number), at: Self.start + Int64(number) * 100_000, answeredAfter: 50)
      second.lookUp(
        "b", id: UInt16(number + 20),
        at: Self.start + 1_900_000 - overlap + Int64(number) * 100_000, answeredAfter: 50)
    }
    try withFiles([("a.pcap1", second.bytes()), ("a.pcap", first.bytes())]) { paths in
      try replay(paths) { records, summary in
        #expect(records.calls.count == 40)
        #expect(records.calls.allSatisfy { $0.record.hasDuration })
        #expect(records.flows.count == flows)
        expectBalance(summary, "series")
      }
    }
  }

  /// A later file of another name goes on for the one before, under its own name.
  @Test func aFileMayGoOnUnderAnotherName() throws {
    let capture = CaptureBuilder.lookUps
    try withFiles([
      ("monday.pcap", capture.bytes(of: 0..<9)), ("tuesday.pcap", capture.bytes(of: 9..<20)),
    ]) { paths in
      try replay(paths) { records, _ in
        #expect(
          records.calls.map(\.record.durationMicroseconds) == Array(repeating: 250, count: 10))
        #expect(records.interfaces == ["tuesday.pcap"])
      }
    }
  }

  /// What cannot be read does not keep the others from being one.
  @Test func faultsStandInTheOrderOfTheFiles() throws {
    let capture = CaptureBuilder.lookUps
    try withFiles([
      ("c.pcap1", Array(capture.bytes(of: 9..<20).dropLast(1))), ("text", Array("hello, you".utf8)),
      ("c.pcap", capture.bytes(of: 0..<9)), ("none.pcap", capture.bytes(of: 0..<0)),
    ]) { paths in
      try replay(paths + ["/nowhere"]) { records, summary in
        #expect(records.calls.count == 10)
        #expect(records.calls.count { $0.record.hasDuration } == 9)
        #expect(summary.faults.map(\.kind) == [.damaged, .damaged, .input])
        #expect(summary.faults.first?.description.contains("c.pcap1: packet 11") == true)
        #expect(summary.packets == 19)
      }
    }
  }

  /// Each file that is open costs memory, so there is an end to it.
  @Test func tooManyPointsAreRefused() throws {
    let capture = CaptureBuilder.lookUps
    // Two letters each.
    let letters = (97..<123).map { String(UnicodeScalar(UInt8($0))) }
    let names = (0..<66).map { letters[$0 / 26] + letters[$0 % 26] }
    try withFiles(names.map { ($0, capture.bytes()) }) { paths in
      try replay(paths) { records, summary in
        #expect(records.flows.count == 64)
        #expect(summary.faults.map(\.kind) == [.damaged, .damaged])
        #expect(summary.faults.last?.description.contains("mergecap") == true)
      }
    }
  }

  @Test(arguments: [
    ("a.pcap", "a.pcap1", true), ("a.pcap9.gz", "a.pcap10", true),
    ("x/a_00001_2026", "x/a_00002_2027", true),
    ("client.pcap", "server.pcap", false), ("x/a1", "y/a2", false), ("a.pcap", "a.pcap", false),
  ])
  func aSeriesDiffersInDigits(one: String, other: String, isSeries: Bool) {
    #expect(FileName.areOfOneSeries(one, other) == isSeries)
  }
}
