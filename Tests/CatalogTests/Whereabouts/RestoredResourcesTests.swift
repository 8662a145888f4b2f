// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Catalog

/// What was written down answers as what was told.
@Suite struct RestoredResourcesTests {
  private let scope = ResourceScope(.cluster, "c")

  private func change(_ random: inout SeededGenerator, at second: Int64) -> ResourceChange {
    let identity = ResourceIdentity(.pod, in: scope, id: "pod\(random.roll(4))")
    let time = Timestamp(nanoseconds: second * 1_000_000_000 + Int64(random.roll(1_000_000_000)))
    guard random.roll(3) > 0 else { return .gone(identity, since: time) }
    var report = ResourceReport(
      identity, name: identity.id,
      parents: [ResourceIdentity(.namespace, in: scope, id: "space\(random.roll(2))")],
      attributes: [.init("k8s.label.app", "\(random.roll(3))")], validFrom: time)
    report.addresses = [.init(IPAddress(v4: 0x0a00_0001 + UInt32(random.roll(3))), in: scope)]
    return .seen(report)
  }

  /// Everything that can be asked of the first seconds.
  private func answers(_ who: Whereabouts) -> [String] {
    guard let network = who.network(scope) else { return [] }
    return (90..<160 as Range<UInt32>).flatMap { second in
      (0..<3 as Range<UInt32>).map { address in
        guard
          case .number(let number) = who.holder(
            of: IPAddress(v4: 0x0a00_0001 + address), in: network, at: second),
          let version = who.version(of: number, at: second)
        else {
          let holder = who.holder(of: IPAddress(v4: 0x0a00_0001 + address), in: network, at: second)
          return holder == .unclear ? "unclear" : "nobody"
        }
        let label = who.value(of: "k8s.label.app", of: version) ?? "-"
        let parent = version.parents.first.flatMap { who.identity(of: $0)?.id } ?? "-"
        return "\(who.name(of: version)) \(label) \(parent) \(version.from) \(version.last)"
      }
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>) func theFileSaysWhatWasTold(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    try withDirectory { directory in
      let path = directory.appendingPathComponent("catalog.sqlite").path
      let catalog = try Catalog(path: path)
      var who = Whereabouts(isWritten: true)
      // Stands for what a report is written as: its number.
      var reports: [ResourceReport] = []
      for step in 0..<80 as Range<Int64> {
        let change = change(&random, at: 100 + step / 3)
        who.apply(change, at: change.time)
        guard random.roll(3) == 0 || step == 79 else { continue }
        catalog.withState { state in
          state.learnChanges(of: &who) { report in
            reports.append(report)
            return [UInt8(reports.count >> 8), UInt8(reports.count & 0xff)]
          }
        }
        try catalog.commit()
      }
      let book = ResourceBook(isWritten: true)
      let unread = try book.restore(from: try Catalog(path: path)) { bytes in
        bytes.count == 2 ? reports[Int(bytes[0]) << 8 + Int(bytes[1]) - 1] : nil
      }
      #expect(unread == 0)
      #expect(book.read { who, _ in answers(who) } == answers(who))
      #expect(try book.restore(from: try Catalog(path: path)) { _ in nil } > 0)
    }
  }
}
