// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry
import Testing

@testable import Agent

/// What an agent tells of who is seen.
@Suite struct CoverageTests {
  private static let tls = ApplicationProtocol(rawValue: 121)
  private static let http = ApplicationProtocol(rawValue: 20)
  private let web = ProcessKey(pid: 7, startedAfterBoot: 1_000)
  private let time = Timestamp(seconds: 50)

  /// A host on which process 7 lives.
  private func host(rings: Set<UInt32> = []) -> CoverageBook.Host {
    CoverageBook.Host(
      describe: { key in
        guard key.pid == 7 else { return nil }
        return ProcessReport(
          key: key, parentPID: 1, startTime: Timestamp(seconds: 1), name: "web", kernelName: "web",
          commandLine: "", executable: "/bin/web", userID: 0, networkNamespace: 0, containerID: "")
      }, usesRing: { rings.contains($0) })
  }

  private func entry(
    _ process: ProcessKey, _ gap: CoverageGap, _ number: ApplicationProtocol = .unknown,
    port: UInt16 = 80, isPlain: Bool = false, opening: String = ""
  ) -> ProcessCoverage.Entry {
    ProcessCoverage.Entry(
      process: process, gap: gap, applicationProtocol: number, port: port, isPlain: isPlain,
      opening: ProcessCoverage.shape(of: Array(opening.utf8).span))
  }

  private func report(
    _ entries: [ProcessCoverage.Entry], libraries: [LibraryUse] = [], rings: Set<UInt32> = []
  ) -> [CoverageReport.Row] {
    var book = CoverageBook()
    book.add(entries, leftOut: 0)
    return book.report([], libraries: libraries, host(rings: rings), now: time).rows
  }

  @Test func whatIsSeenAndWhatIsNotIsToldOfEachProcess() {
    let rows = report([
      entry(web, .none, Self.http), entry(web, .none, Self.http),
      entry(web, .unknownProtocol, port: 9_999, opening: "Ab1\u{0}-x"),
    ])
    #expect(rows.map(\.gap) == [.unknownProtocol, .none])
    #expect(rows.map(\.name) == ["web", "web"])
    #expect(rows.map(\.subject) == ["aa0\\x00-a", ""])
    #expect(rows.map(\.count) == [1, 2])
  }

  /// Nothing of what was said can be read from its shape.
  @Test func firstBytesAreTheirShape() {
    let shape = ProcessCoverage.shape(of: Array("Pa55w0rd!".utf8).span)
    #expect(ProcessCoverage.text(ofShape: shape) == "aa00a0aa")
    #expect(ProcessCoverage.text(ofShape: ProcessCoverage.shape(of: [0xc3, 0x28, 0].span)) == "a(")
    #expect(ProcessCoverage.text(ofShape: 0).isEmpty)
  }

  @Test func cipherTextWhosePlainTextIsReadIsNoGap() {
    let both = report([
      entry(web, .cipherText, Self.tls, port: 443),
      entry(web, .none, Self.http, port: 443, isPlain: true),
    ])
    #expect(both.map(\.gap) == [.none])
    #expect(both.map(\.subject) == ["plain text of TLS"])
    #expect(report([entry(web, .cipherText, Self.tls)]).map(\.gap) == [.cipherText])
  }

  @Test(
    arguments: [
      (LibraryReport.State.refused(1), CoverageGap.libraryRefused),
      (.unreadable("no symbols"), .libraryUnreadable), (.on, .cipherText),
    ])
  func aLibraryIsNamedThatKeepsPlainText(state: LibraryReport.State, gap: CoverageGap) {
    let use = LibraryUse(
      library: LibraryReport(path: "/lib/libssl.so.3", state: state), processes: [7])
    let rows = report([entry(web, .cipherText, Self.tls)], libraries: [use])
    #expect(rows.map(\.gap) == [gap])
    #expect(rows[0].subject.hasPrefix("/lib/libssl.so.3"))
  }

  @Test func aRingIsToldOfWhoHasOne() {
    let rows = report([entry(web, .none, Self.http)], rings: [7])
    #expect(rows.map(\.gap) == [.ringInUse, .none])
  }

  /// What was seen of those that are gone is past; what was not is told once.
  @Test func processesThatAreGoneAreForgotten() {
    let gone = ProcessKey(pid: 8, startedAfterBoot: 1)
    var book = CoverageBook()
    book.add([entry(gone, .none, Self.http), entry(gone, .unknownProtocol)], leftOut: 3)
    let first = book.report([], libraries: [], host(), now: time)
    #expect(first.rows.map(\.name) == ["(ended)"])
    #expect(first.rows.map(\.process) == [.unknown])
    #expect(first.leftOut == 3)
    #expect(book.report([], libraries: [], host(), now: time).rows.isEmpty)
  }

  @Test func aReportIsBounded() {
    var book = CoverageBook()
    let many = (0..<20_000).map {
      entry(web, .unknownProtocol, port: UInt16($0 % 60_000), opening: "\($0 % 7)")
    }
    book.add(many, leftOut: 0)
    let told = book.report([], libraries: [], host(), now: time)
    #expect(told.rows.count == CoverageReport.mostRows)
    #expect(told.leftOut > 0)
  }

  @Test func whatIsSoOfTheWholeHostIsToldToo() {
    var configuration = AgentConfiguration()
    configuration.readsTLS = false
    configuration.protocols = ["HTTP"]
    var gauges = AgentGauges.Values()
    gauges.shedding = .sampling
    let hooks = [
      HookReport(name: "a", shows: "x", state: .on),
      HookReport(name: "b", shows: "y", state: .absent),
      HookReport(name: "c", shows: "z", state: .refused(1)),
    ]
    let rows = CoverageWatch.hostRows(hooks, configuration, gauges, isLockedDown: true)
    #expect(
      rows.map(\.gap) == [
        .hookAbsent, .hookRefused, .lockedDown, .notLookedFor, .switchedOff, .sheddingLoad,
      ])
    #expect(
      CoverageWatch.hostRows(nil, AgentConfiguration(), .init(), isLockedDown: false).map(\.gap)
        == [.withoutProbes])
  }

  /// A reason without a remedy, or the other way round, helps nobody.
  @Test func everyGapSaysWhyAndWhatWouldHelp() {
    for number in UInt8(1)...14 {
      let gap = CoverageGap(rawValue: number)
      #expect(!gap.name.hasPrefix("gap_") && !gap.reason.isEmpty && !gap.remedy.isEmpty)
    }
    #expect(CoverageGap(rawValue: 200).name == "gap_200")
  }
}
