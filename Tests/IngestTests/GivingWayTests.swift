// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import Ingest

/// On a host whose processors others want, the store waits.
@Suite struct GivingWayTests {
  private func ticks(_ line: String) throws -> HostLoad.Ticks {
    try #require(HostLoad.Ticks(line[...]))
  }

  /// user nice system idle iowait irq softirq steal
  @Test(arguments: [
    ("cpu  0 0 0 200 0 0 0 0", false), ("cpu  100 0 90 10 0 0 0 0", true),
    ("cpu  90 0 80 10 30 0 0 0", true), ("cpu  70 0 70 30 30 0 0 0", false),
    ("cpu  0 190 10 0 0 0 0 0", false),
    ("cpu  50 80 40 0 0 0 30 0", true), ("cpu  2 0 1 0 0 0 0 0", false),
  ])
  func aHostIsBusyWhenOthersLeaveLittleIdle(second: String, isBusy: Bool) throws {
    var load = HostLoad()
    load.take(try ticks("cpu  0 0 0 0 0 0 0 0"))
    load.take(try ticks(second))
    #expect(load.isBusy == isBusy)
  }

  @Test(arguments: ["", "cpu", "cpu  1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 x 3 4 5 6 7 8"])
  func whatTheKernelDoesNotSayMakesNoHostBusy(text: String) {
    #expect(HostLoad.Ticks(text[...]) == nil)
    var load = HostLoad()
    load.take(nil)
    #expect(!load.isBusy)
  }

  @Test func theKernelsOwnLineIsUnderstood() throws {
    let now = try #require(HostLoad.read())
    #expect(now.others > 0 && now.idle > 0)
  }

  /// `storedBytes` of 0 is a journal without room to wait in; `behind`, for how long the segment waited.
  @Test(arguments: [
    (true, 1 << 30, 1, true), (true, 0, 1, false), (false, 1 << 30, 1, false),
    (true, 1 << 30, 16, false),
  ])
  func theStoreRestsWhileTheHostIsBusyAndTheJournalHasRoom(
    isOn: Bool, storedBytes: Int, behind: Int, rests: Bool
  ) async throws {
    try await withDirectory { path in
      var limits = JournalLimits()
      limits.storedBytes = storedBytes
      let journal = try Journal(path: path + "/journal", limits: limits, logger: quietLogger)
      defer { journal.stop() }
      let ledger = IngestLedger()
      let clock = Mutex(0 as UInt64)
      // Busy from one sample to the next, until the tenth.
      var giving = GivingWay(journal: journal, ledger: ledger, isOn: isOn) {
        let sample = clock.withLock { clock in
          clock += 1
          return clock
        }
        return HostLoad.Ticks("cpu  \(min(sample, 10) * 100) 0 0 \(max(sample, 10) * 100) 0 0 0 0")
      }
      giving.begin(at: .now - .seconds(1))
      await giving.rest(after: .now - .seconds(behind))
      #expect((ledger.statistics.millisecondsGivenWay > 0) == rests)
      #expect(clock.withLock { $0 } <= 12)
    }
  }

  /// What is sealed when the server stops is stored without a rest.
  @Test func aServerThatStopsDoesNotRest() async throws {
    try await withDirectory { path in
      let journal = try Journal(path: path + "/journal", logger: quietLogger)
      #expect(journal.mayWait)
      journal.stop()
      #expect(!journal.mayWait)
    }
  }
}
