// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import Testing

@testable import Agent

@Suite struct CrashHistoryTests {
  private let day = CrashHistory.memory

  @Test func theThirdDeathWithinADaySuspendsAProtocol() {
    var history = CrashHistory()
    #expect(history.note("HTTP", .reading, at: 1_000) == nil)
    #expect(history.note("Redis", .reading, at: 1_001) == nil)
    #expect(history.note("HTTP", .reading, at: 1_002) == nil)
    #expect(history.note("HTTP", .reading, at: 1_003)?.name == "HTTP")
    #expect(history.suspended.map(\.name) == ["HTTP"])
    #expect(history.crashes == ["HTTP": 3, "Redis": 1])
  }

  @Test func deathsThatAreADayApartSuspendNothing() {
    var history = CrashHistory()
    for number in 0..<10 {
      #expect(history.note("HTTP", .reading, at: Int64(number) * day) == nil)
    }
    #expect(history.crashes == ["HTTP": 10])
  }

  @Test func deathsWithoutAProtocolSuspendNothing() {
    var history = CrashHistory()
    for _ in 0..<10 { #expect(history.note(nil, .reading, at: 1) == nil) }
    #expect(history.crashes == [CrashHistory.none: 10])
  }

  /// A protocol that kills although it is not read does so where it is recognised.
  @Test(arguments: [
    ([Suspension.reading, .reading, .reading], Suspension.reading),
    ([.reading, .recognition, .reading], .recognition),
    ([.reading, .reading, .reading, .reading, .reading, .reading], .recognition),
  ])
  func asMuchIsLeftOutAsKills(deaths: [Suspension], left: Suspension) {
    var history = CrashHistory()
    for death in deaths { _ = history.note("HTTP", death, at: 5) }
    #expect(history.suspended == [CrashHistory.Suspended(name: "HTTP", extent: left)])
  }

  @Test func aResumedProtocolIsReadUntilItKillsAgain() {
    var history = CrashHistory()
    for _ in 0..<3 { _ = history.note("HTTP", .reading, at: 5) }
    let (first, second) = (history.resume("HTTP"), history.resume("HTTP"))
    #expect(first && !second)
    #expect(history.suspended.isEmpty)
    #expect(history.note("HTTP", .reading, at: 6) == nil)
  }

  @Test func theFileGivesBackWhatWasNoted() {
    var history = CrashHistory()
    history.noteRestart()
    for name in ["HTTP", "HTTP", "HTTP", "Redis", nil] {
      _ = history.note(name, .reading, at: 1_764_000_000)
    }
    #expect(CrashHistory(history.bytes) == history)
  }

  @Test(arguments: [
    "", "nonsense", "metaflow-agent crashes 1\nrestarts x\ncrash 1\ncrashes\nsuspended all HTTP\n",
    "metaflow-agent crashes 2\nrestarts 5\n",
  ])
  func aDamagedFileIsAnEmptyOne(text: String) {
    #expect(CrashHistory(Array(text.utf8)) == CrashHistory())
  }

  @Test func standInsTakeThePlaceOfSuspendedProtocols() {
    var history = CrashHistory()
    for _ in 0..<3 { _ = history.note("HTTP", .reading, at: 5) }
    let applied = history.applied(to: builtInProtocols)
    #expect(applied.map { $0.descriptor } == builtInProtocols.map { $0.descriptor })
    #expect(applied.filter { $0.isSuspended }.map { $0.descriptor.name } == ["HTTP"])
  }

  @Test func changesOfTwoProcessesDoNotOverwriteEachOther() throws {
    let scratch = try Scratch()
    let folder = CrashFolder(spoolDirectory: scratch.path)
    let before = folder.version
    try folder.change { $0.noteRestart() }
    let between = folder.version
    #expect(between != before)
    try folder.change { $0.noteRestart() }
    #expect(folder.version != between)
    #expect(folder.history.restarts == 2)
  }

  @Test func theNewestReportsAreKept() throws {
    let scratch = try Scratch()
    let folder = CrashFolder(spoolDirectory: scratch.path)
    var last = ""
    for number in 0..<20 { last = try folder.keep([1, 2], at: 1_764_000_000 + Int64(number / 2)) }
    let names = try SpoolFile.names(in: folder.path).filter { $0.hasPrefix("crash-") }
    #expect(names.count == CrashFolder.reports)
    #expect(last.hasSuffix("/crash-20251124T160009Z-001.txt"), "\(last)")
    #expect(names.last.map { last.hasSuffix($0) } == true)
  }

  @Test func theHeadOfAReportSaysWhatWasDone() {
    let head = "metaflow-agent crash report 1\nversion 1\ntime 5\nsignal 4\n"
    let number = builtInProtocols[0].descriptor.number.rawValue
    let reading = CrashReport(Array((head + "protocol \(number)\nactivity 2\n").utf8))
    #expect(reading.name == builtInProtocols[0].descriptor.name && reading.extent == .reading)
    let asking = CrashReport(Array((head + "protocol \(number)\nactivity 1\n").utf8))
    #expect(asking.extent == .recognition)
    #expect(CrashReport(Array((head + "protocol 0\nactivity 0\n").utf8)).name == nil)
    let bare = CrashReport.bare(version: "1", time: 5, signal: 9, counters: "ring received 5")
    #expect(CrashReport(bare).name == nil)
  }
}
