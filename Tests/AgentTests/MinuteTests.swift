// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Agent

/// Rows by the minute add up to those by the second, whenever the agent is killed.
@Suite struct MinuteTests {
  /// Requests and pairs by interval, as a server stores them.
  private struct Stored {
    var calls: [UInt32: [String: UInt64]] = [:]
    var pairs: [UInt32: [Int64: UInt64]] = [:]
    /// The last batch that is here.
    var last: UInt64 = 0

    mutating func add(_ batch: RecordBatch) {
      for row in batch.metrics {
        let minute = row.time.seconds / 60
        let key = "\(minute) \(row.server.port) \(batch.string(row.endpoint))"
        calls[row.interval, default: [:]][key, default: 0] += row.requests
      }
      for row in batch.networkMetrics {
        pairs[row.interval, default: [:]][row.time.seconds / 60, default: 0] += UInt64(row.newFlows)
      }
    }
  }

  private func batch(at second: Int64, _ random: inout SeededGenerator) -> RecordBatch {
    var batch = RecordBatch()
    for _ in 0..<(random.next() % 5) {
      var row = CallMetric(
        time: Timestamp(seconds: second - Int64(random.next() % 3)), interval: 1,
        observationPoint: .clientProcess, signalSource: .eBPF, transport: .tcp,
        applicationProtocol: ApplicationProtocol(rawValue: 20),
        client: CallEnd(address: IPAddress(v4: 1), port: 0),
        server: CallEnd(address: IPAddress(v4: 2), port: UInt16(80 + random.next() % 2)))
      row.requests = random.next() % 9 + 1
      row.endpoint = batch.append("/e\(random.next() % 3)")
      batch.metrics.append(row)
    }
    return batch
  }

  /// Takes what waits, and acknowledges some of it.
  private func deliver(_ outbox: Outbox, into stored: inout Stored, upTo part: UInt64) async throws
  {
    var opener = FrameOpener()
    _ = await outbox.begin()
    _ = await outbox.accept(lastSequence: stored.last, agentID: 1)
    for _ in 0..<part {
      guard let frame = await outbox.nextFrame() else { break }
      var splitter = FrameSplitter()
      splitter.append(frame.span)
      let encoded = try #require(try splitter.next())
      var batch = RecordBatch()
      _ = try opener.open(encoded, into: &batch)
      stored.last = try #require(encoded.batchHead?.sequence)
      stored.add(batch)
      await outbox.acknowledge(through: stored.last)
    }
    await outbox.end()
  }

  private func outbox(_ scratch: Scratch) throws -> Outbox {
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    return Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
  }

  @Test(arguments: UInt64(1)...12) func everySecondIsInItsMinuteOnce(seed: UInt64) async throws {
    let scratch = try Scratch()
    var random = SeededGenerator(seed: seed)
    var stored = Stored()
    var second: Int64 = 1_764_000_000
    for _ in 0..<6 {
      let outbox = try outbox(scratch)
      await outbox.begin(at: Timestamp(seconds: second))
      for _ in 0..<(random.next() % 200) {
        second += Int64(random.next() % 2)
        await outbox.submit(batch(at: second, &random), now: Timestamp(seconds: second))
        if random.next() % 20 == 0 {
          try await deliver(outbox, into: &stored, upTo: random.next() % 30)
        }
      }
      // Killed: nobody says goodbye. It is away for a while, or not.
      second += Int64(random.next() % 3) * 50
    }
    let last = try outbox(scratch)
    await last.begin(at: Timestamp(seconds: second))
    await last.finish(now: Timestamp(seconds: second))
    try await deliver(last, into: &stored, upTo: .max)
    #expect(stored.calls[1]?.isEmpty == false, "seed \(seed)")
    #expect(stored.calls[1] == stored.calls[60], "seed \(seed)")
  }

  /// Killed after a batch was spooled and before its metrics were kept besides.
  @Test func aBatchThatIsOnlyInTheSpoolCountsToo() async throws {
    let scratch = try Scratch()
    var random = SeededGenerator(seed: 5)
    var stored = Stored()
    do {
      let outbox = try outbox(scratch)
      for second in Int64(1_764_000_000)..<1_764_000_020 {
        await outbox.submit(batch(at: second, &random), now: Timestamp(seconds: second))
      }
    }
    try scratch.change("\(scratch.path)/minute.1") { $0.removeLast(3) }
    let last = try outbox(scratch)
    await last.begin(at: Timestamp(seconds: 1_764_000_030))
    await last.finish(now: Timestamp(seconds: 1_764_000_030))
    try await deliver(last, into: &stored, upTo: .max)
    #expect(stored.calls[1]?.isEmpty == false)
    #expect(stored.calls[1] == stored.calls[60])
  }

  /// What the network did in a minute that the agent did not see the end of.
  @Test func pairsOfAnUnfinishedMinuteAreTold() async throws {
    let scratch = try Scratch()
    var stored = Stored()
    func pair(_ second: Int64, interval: UInt32) -> RecordBatch {
      var row = NetworkMetric(
        time: Timestamp(seconds: second), interval: interval, observationPoint: .client,
        transport: .tcp, client: CallEnd(address: IPAddress(v4: 1), port: 0),
        server: CallEnd(address: IPAddress(v4: 2), port: 80))
      row.newFlows = interval
      var batch = RecordBatch()
      batch.networkMetrics = [row]
      return batch
    }
    let minute: Int64 = 1_764_000_000
    do {
      let outbox = try outbox(scratch)
      for second in 0..<90 {
        await outbox.submit(
          pair(minute + Int64(second), interval: 1),
          now: Timestamp(seconds: minute + Int64(second)))
        guard second == 60 else { continue }
        await outbox.submit(pair(minute, interval: 60), now: Timestamp(seconds: minute + 60))
      }
    }
    let last = try outbox(scratch)
    await last.begin(at: Timestamp(seconds: minute + 95))
    try await deliver(last, into: &stored, upTo: .max)
    #expect(stored.pairs[1] == [minute / 60: 60, minute / 60 + 1: 30])
    #expect(stored.pairs[60] == stored.pairs[1])
  }

  @Test func moreEndpointsThanThereIsRoomForAreCountedWithoutThem() {
    var sums = MinuteSums()
    var random = SeededGenerator(seed: 1)
    var requests: UInt64 = 0
    for round in 0..<8 {
      var batch = RecordBatch()
      for number in 0..<10_000 {
        var row = CallMetric(
          time: Timestamp(seconds: 1_764_000_000), interval: 1, observationPoint: .clientProcess,
          signalSource: .eBPF, transport: .tcp,
          applicationProtocol: ApplicationProtocol(rawValue: 20),
          client: CallEnd(address: IPAddress(v4: 1), port: 0),
          server: CallEnd(address: IPAddress(v4: 2), port: 80))
        row.requests = random.next() % 3 + 1
        row.endpoint = batch.append("/\(round)/\(number)")
        requests += row.requests
        batch.metrics.append(row)
      }
      #expect(sums.add(batch) == 0)
    }
    var told: UInt64 = 0
    var isAll = false
    while !isAll {
      var batch = RecordBatch()
      isAll = sums.takeOver(at: .max, into: &batch, rows: 8_192, textBytes: 2 << 20)
      #expect(batch.metrics.count <= 8_192)
      told += batch.metrics.reduce(0) { $0 + $1.requests }
    }
    #expect(told == requests && sums.isEmpty)
  }
}
