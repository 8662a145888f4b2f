// SPDX-License-Identifier: Apache-2.0

import Foundation
import Replay
import Telemetry
import TestSupport
import Testing

/// How a file is read, as far as it can be.
@Suite struct ReplayTests {
  private static let start = CaptureBuilder.start
  private var lookUps: CaptureBuilder { .lookUps }

  @Test func callsFlowsAndMetricsAgree() throws {
    try lookUps.withFile { path in
      try replay([path]) { records, summary in
        #expect(summary.packets == 20)
        #expect(records.calls.count == 10)
        #expect(records.calls.allSatisfy { $0.record.durationMicroseconds == 250 })
        #expect(records.flows.count == 1)
        #expect(records.flows.first?.figures.callResponse.sum == 2_500)
        #expect(records.interfaces == ["capture.pcap"])
        #expect(summary.protocols[120].requests == 10)
        #expect(summary.protocols[120].duration.sum == 2_500)
        #expect(summary.first == Timestamp(microseconds: Self.start))
        #expect(summary.last == Timestamp(microseconds: Self.start + 900_250))
        expectBalance(summary, path)
      }
    }
  }

  /// Captures are put behind one another by people and by tools; the second is not late, but anew.
  @Test func aFileOfSeveralCapturesIsReadAsSuch() throws {
    var capture = lookUps
    for number in 0..<10 {
      capture.lookUp(
        "b\(number).test", id: UInt16(number), at: Self.start - 3_600_000_000 + Int64(number) * 100,
        answeredAfter: 40)
    }
    try capture.withFile { path in
      try replay([path]) { records, summary in
        #expect(records.calls.count == 20)
        #expect(records.calls.count { $0.record.durationMicroseconds == 40 } == 10)
        #expect(records.flows.count == 2)
        let seconds = Set(records.metrics.filter { $0.interval == 1 }.map(\.time.seconds))
        #expect(seconds == [Self.start / 1_000_000, Self.start / 1_000_000 - 3_600])
        #expect(summary.first == Timestamp(microseconds: Self.start - 3_600_000_000))
        #expect(summary.last == Timestamp(microseconds: Self.start + 900_250))
        expectBalance(summary, path)
      }
    }
  }

  @Test func timesAreShifted() throws {
    try lookUps.withFile { path in
      try replay([path], { $0.shift = 5_000_000_000 }) { records, summary in
        #expect(
          records.calls.first?.record.start == Timestamp(microseconds: Self.start + 5_000_000))
        #expect(summary.first == Timestamp(microseconds: Self.start + 5_000_000))
      }
      let end = Replay(files: ["/nowhere.pcap", path], protocols: []).latestTime()
      #expect(end == Timestamp(microseconds: Self.start + 900_250))
    }
  }

  @Test func whoIsNearIsSeenFromThere() throws {
    try lookUps.withFile { path in
      try replay([path], { $0.localAddresses = [IPAddress(v4: 0x0a00_0001)] }) { records, _ in
        #expect(records.calls.allSatisfy { $0.record.observationPoint == .client })
      }
      try replay([path], { $0.localAddresses = [IPAddress(v4: 0x0a00_0002)] }) { records, _ in
        #expect(records.calls.allSatisfy { $0.record.observationPoint == .server })
      }
      try replay([path]) { records, _ in
        #expect(records.calls.allSatisfy { $0.record.observationPoint == .rest })
      }
    }
  }

  /// What stands in front of the damage is delivered, and so are the other files.
  @Test func aCutFileIsAFaultAndNotTheEnd() throws {
    try lookUps.withFile("cut.pcap", missing: 1) { cut in
      try lookUps.withFile { path in
        try replay(["/nowhere.pcap", cut, path]) { records, summary in
          // The last answer is cut off, so its request stands alone.
          #expect(records.calls.count == 10 + 10)
          #expect(records.calls.count { $0.record.hasDuration } == 9 + 10)
          #expect(summary.faults.map(\.kind) == [.input, .damaged])
          #expect(summary.faults[0].description.contains("/nowhere.pcap"))
          #expect(summary.faults[1].description.contains("packet 20"))
        }
      }
    }
  }

  @Test func aLinkTypeThatIsNotDecodedIsSaid() throws {
    var capture = CaptureBuilder(linkType: 147)
    for number in 0..<3 { capture.frame([1, 2, 3], at: Int64(number)) }
    try capture.withFile { path in
      try replay([path]) { records, summary in
        #expect(records.flows.isEmpty)
        #expect(summary.faults.map(\.kind) == [.damaged])
        #expect(summary.faults.first?.description.contains("packet 1, and others") == true)
        #expect(summary.faults.first?.description.contains("link type 147") == true)
        #expect(summary.stages[.frames]?.dropped.values.reduce(0, +) == 3)
      }
    }
  }

  @Test func theSummaryIsReadable() throws {
    try lookUps.withFile { path in
      try replay([path]) { _, summary in
        let text = summary.text(protocols: [], seconds: nil)
        #expect(text.contains("20 packets, 0.900 s of traffic"))
        #expect(text.contains("made      10 calls (l7), 1 flow reports (l4)"))
        let words = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(words.contains(["frames", "20", "20", "0"]))
      }
    }
  }

  @Test(arguments: [
    (["10.0.0.7"], 1), (["10.0.0.0/30", "2001:db8::/120"], 260), (["10.0.0.1,10.0.0.2"], 2),
  ])
  func localNetworksAreListed(texts: [String], count: Int) throws {
    #expect(try LocalAddresses.parse(texts).count == count)
  }

  @Test(arguments: ["10.0.0.0/8", "10.0.0", "10.0.0.1/33", "::/0", "10.0.0.1/", "x", "10.0.0.1/-1"])
  func whatIsNoSmallNetworkIsRefused(text: String) {
    #expect(throws: LocalAddresses.Fault.self) { try LocalAddresses.parse([text]) }
  }
}
