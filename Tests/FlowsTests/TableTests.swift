// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Bounds: tables that are full, and what is said of processes and seconds.
@Suite struct TableTests {
  @Test func aFullTableRefusesAndCountsThenEvictsTheIdle() {
    var limits = FlowLimits()
    limits.conversations = 4
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    var connections = (1...5).map { PairingTests.connection(UInt64($0)) }
    for index in connections.indices {
      pipeline.feed(connections[index].send(.client, "?a\n", at: dawn))
    }
    #expect(pipeline.conversationCount == 4)
    #expect(
      pipeline.tallies.conversations.dropped
        == [Tally.Drop(reason: .conversationTableFull, count: 1)])
    #expect(pipeline.tallies.conversations.balances)
    pipeline.feed(connections[4].send(.client, "?b\n", at: dawn + 40_000_000_000))
    #expect(pipeline.conversationCount == 4)
    #expect(PairingTests.calls(pipeline.takeBatch()) == ["a -> status 5"])
  }

  @Test func fiftyThousandIdleConversationsFit() {
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    for number in 1...50_000 {
      var connection = PairingTests.connection(UInt64(number))
      pipeline.feed(connection.send(.client, "?a\n", at: dawn))
      pipeline.feed(connection.send(.server, "=1\n", at: dawn))
    }
    #expect(pipeline.conversationCount == 50_000)
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
    #expect(pipeline.takeBatch().calls.count == 50_000)
  }

  @Test func aFullBatchCountsWhatItCannotTake() {
    var limits = FlowLimits()
    limits.batchCalls = 3
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for index in 0..<5 {
      pipeline.feed(connection.send(.client, "?a\n", at: dawn + Int64(index) * 2_000))
      pipeline.feed(connection.send(.server, "=1\n", at: dawn + Int64(index) * 2_000 + 1_000))
    }
    #expect(pipeline.takeBatch().calls.count == 3)
    #expect(pipeline.tallies.calls.dropped == [Tally.Drop(reason: .batchFull, count: 2)])
    #expect(pipeline.tallies.calls.balances)
  }

  @Test func processesAreToldOnceAndTheirEndsOnlyIfTold() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    for _ in 0..<2 {
      pipeline.feed(connection.send(.client, "?a\n", at: dawn))
      pipeline.feed(connection.send(.server, "=1\n", at: dawn + 1_000))
    }
    var processes: [ProcessKey] = []
    pipeline.takeNewProcesses(into: &processes)
    pipeline.takeNewProcesses(into: &processes)
    #expect(processes == [connection.client.process])
    pipeline.processEnded(connection.client.process)
    pipeline.processEnded(ProcessKey(pid: 9, startedAfterBoot: 9))
    #expect(pipeline.takeBatch().endedProcesses == [connection.client.process])
    #expect(pipeline.takeBatch().endedProcesses.isEmpty)
  }

  @Test func secondsAndMinutesComeOnceAndAddUp() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    var metrics: [CallMetric] = []
    var calls = 0
    var batch = RecordBatch()
    for step in 0..<650 {
      let time = dawn + Int64(step) * 100_000_000
      pipeline.feed(connection.send(.client, "?a\n", at: time))
      pipeline.feed(connection.send(.server, "=500\n", at: time + 2_000_000))
      pipeline.flush(now: Timestamp(nanoseconds: time + 50_000_000))
      pipeline.takeBatch(into: &batch)
      calls += batch.calls.count
      metrics += batch.metrics
      // A second is there within a second of its end.
      for metric in batch.metrics where metric.interval == 1 {
        #expect(time - metric.time.nanoseconds < 2_200_000_000)
      }
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 65_000_000_000))
    pipeline.takeBatch(into: &batch)
    metrics += batch.metrics
    #expect(calls == 650)
    for interval: UInt32 in [1, 60] {
      let rows = metrics.filter { $0.interval == interval }
      #expect(rows.reduce(0) { $0 + $1.requests } == 650)
      #expect(rows.reduce(0) { $0 + $1.serverErrors } == 650)
      #expect(Set(rows.map(\.time)).count == rows.count)
      #expect(rows.count == (interval == 1 ? 65 : 2))
    }
  }

  @Test func aFullRollupFoldsEndpoints() {
    var limits = FlowLimits()
    limits.rollupRowsPerSecond = 8
    limits.rollupRowsPerMinute = 8
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(limits: limits, protocols: PairingTests.ordered)
    for index in 0..<100 {
      pipeline.feed(connection.send(.client, "?\(index)\n", at: dawn + Int64(index) * 2_000))
      pipeline.feed(connection.send(.server, "=1\n", at: dawn + Int64(index) * 2_000 + 1_000))
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 1_000_000_000))
    let batch = pipeline.takeBatch()
    for interval: UInt32 in [1, 60] {
      let rows = batch.metrics.filter { $0.interval == interval }
      #expect(rows.count == 8)
      #expect(rows.reduce(0) { $0 + $1.requests } == 100)
      #expect(rows.filter { $0.endpoint.isEmpty }.map(\.requests) == [93])
    }
  }

  /// A thread's inbound request and its outbound one share an id, and so do the answers.
  @Test func traceIdsChainThroughAThread() throws {
    var inbound = Connection(number: 1, serverPort: 7_000)
    inbound.client.isObserved = false
    var outbound = Connection(number: 2, serverPort: 7_000)
    outbound.server.isObserved = false
    outbound.client.process = inbound.server.process
    outbound.client.thread = inbound.server.thread
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    pipeline.feed(inbound.send(.client, "?in\n", at: dawn))
    pipeline.feed(outbound.send(.client, "?out\n", at: dawn + 1_000_000))
    pipeline.feed(outbound.send(.server, "=1\n", at: dawn + 2_000_000))
    pipeline.feed(inbound.send(.server, "=2\n", at: dawn + 3_000_000))
    let calls = pipeline.takeBatch().calls
    let (first, second) = (try #require(calls.first), try #require(calls.last))
    #expect(first.observationPoint == .clientProcess)
    #expect(first.syscallTraceRequest == second.syscallTraceRequest)
    #expect(first.syscallTraceResponse == second.syscallTraceResponse)
    #expect(first.syscallTraceRequest != first.syscallTraceResponse)
    #expect(first.syscallTraceRequest != 0)
  }

  /// An unconnected UDP socket learns its peer from what it sends.
  @Test func aDatagramServerLearnsItsClientFromTheAnswer() throws {
    var connection = Connection(number: 1, serverPort: 7_001, isKnown: false)
    connection.transport = .udp
    connection.client.isObserved = false
    var pipeline = FlowPipeline(protocols: PairingTests.numbered)
    var request = connection.send(.client, "?a#77\n", at: dawn)
    for index in request.indices {
      request[index].event.remote = .unspecified
      request[index].event.remotePort = 0
    }
    pipeline.feed(request)
    pipeline.feed(connection.send(.server, "=1#77\n", at: dawn + 1_000_000))
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.observationPoint == .serverProcess)
    #expect(call.client.port == connection.client.port)
    #expect(call.client.address == connection.client.address)
  }
}
