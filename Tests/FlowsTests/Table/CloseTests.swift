// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

@Suite struct CloseTests {
  struct Case: CustomTestStringConvertible {
    var name: String
    var packets: String
    var type: CloseType
    /// How it ends when the observer stops instead of waiting, if otherwise.
    var stopped: CloseType?

    var testDescription: String { name }
  }

  static let handshake = """
    0 > S seq=100
    10 < SA seq=700 ack=101
    20 > A seq=101 ack=701

    """

  static let cases = [
    Case(name: "unanswered SYN", packets: "0 > S seq=1", type: .serverSynAckMissing),
    Case(
      name: "SYN/ACK without ACK", packets: "0 > S seq=1\n9 < SA seq=5 ack=2",
      type: .clientAckMissing),
    Case(name: "silence", packets: handshake, type: .timeout, stopped: .forcedReport),
    Case(
      name: "FIN of both",
      packets: handshake
        + "30 > FA seq=101 ack=701\n40 < FA seq=701 ack=102\n50 > A seq=102 ack=702",
      type: .finished),
    Case(
      name: "FIN of the client", packets: handshake + "30 > FA seq=101 ack=701",
      type: .serverHalfClose),
    Case(
      name: "FIN of the server", packets: handshake + "30 < FA seq=701 ack=101",
      type: .clientHalfClose),
    Case(
      name: "reset by the server",
      packets: handshake + "30 > PA seq=101 ack=701 len=9\n40 < R seq=701", type: .serverReset),
    Case(
      name: "reset by the client",
      packets: handshake + "30 > PA seq=101 ack=701 len=9\n40 > R seq=110", type: .clientReset),
    Case(
      name: "a probe of the port", packets: handshake + "30 > RA seq=101 ack=701",
      type: .clientResetAfterFinish),
    Case(
      name: "a probe that does not even acknowledge",
      packets: "0 > S seq=1\n9 < SA seq=5 ack=2\n10 > R seq=2", type: .clientResetAfterFinish),
    Case(
      name: "FIN, then reset by the client",
      packets: handshake + "30 > FA seq=101 ack=701\n40 > R seq=102",
      type: .clientResetAfterFinish),
    Case(name: "refused", packets: "0 > S seq=1\n9 < RA seq=0 ack=2", type: .serverRefused),
    Case(
      name: "taken back by the client", packets: "0 > S seq=1\n9 > S seq=1\n10 > R seq=2",
      type: .clientEstablishReset),
    Case(
      name: "taken back by the server", packets: "0 > S seq=1\n9 < SA seq=5 ack=2\n10 < R seq=6",
      type: .serverEstablishReset),
    Case(
      name: "an answer of an older connection",
      packets: "0 > S seq=1\n9 < A seq=5000 ack=9000", type: .clientPortReuse),
    Case(
      name: "a full accept queue",
      packets: handshake + "30 > PA seq=101 ack=701 len=5\n1000000 < SA seq=700 ack=101",
      type: .serverQueueFull),
    Case(
      name: "a slow accept queue",
      packets: handshake + "30 > PA seq=101 ack=701 len=5\n1000000 < SA seq=700 ack=101\n"
        + "1000100 < A seq=701 ack=106",
      type: .timeout, stopped: .forcedReport),
    Case(
      name: "begun in its middle", packets: "0 > PA seq=9 ack=4 len=10\n9 < A seq=4 ack=19",
      type: .timeout, stopped: .forcedReport),
    Case(name: "a datagram", packets: "0 > udp len=9", type: .timeout, stopped: .forcedReport),
  ]

  @Test(arguments: cases) func waitedFor(_ it: Case) throws {
    let records = records(of: script(it.packets))
    #expect(records.last?.closeType == it.type)
    // What waits for the timeout of an established connection has reports before.
    #expect(records.dropLast().allSatisfy { $0.closeType == .forcedReport })
    #expect(records.map(\.isNew) == records.indices.map { $0 == 0 })
  }

  @Test(arguments: cases) func stopped(_ it: Case) throws {
    var run = FlowRun()
    for packet in script(it.packets) { run.feed(packet) }
    run.finish()
    try #require(run.batch.flows.count == 1)
    #expect(run.batch.flows[0].closeType == it.stopped ?? it.type)
  }

  @Test(arguments: cases) func countedInTheRollup(_ it: Case) throws {
    var run = FlowRun()
    for packet in script(it.packets) { run.feed(packet) }
    run.silence()
    let minute = run.batch.networkMetrics.filter { $0.interval == 60 }
    #expect(minute.reduce(0) { $0 + $1.newFlows } == 1)
    #expect(minute.reduce(0) { $0 + $1.closedFlows } == 1)
    var expected = CloseCounts()
    if run.batch.flows.last?.transport == .tcp { expected.count(it.type) }
    var counted = CloseCounts()
    for row in minute { counted.add(row.closes) }
    #expect(counted == expected)
  }

  /// A FIN that was not heard comes again, and later each time; one side may close long after the other.
  @Test(arguments: [
    (
      "the second FIN 25 s later",
      "30 > FA seq=101 ack=701\n25000000 < FA seq=701 ack=102\n25000009 > A seq=102 ack=702"
    ),
    (
      "the second FIN 100 s later",
      "30 > FA seq=101 ack=701\n100000000 < FA seq=701 ack=102\n100000009 > A seq=102 ack=702"
    ),
    (
      "a FIN again after 7 and 15 s",
      "30 > FA seq=101 ack=701\n40 < FA seq=701 ack=102\n7000000 < FA seq=701 ack=102\n15000000 < FA seq=701 ack=102\n15000009 > A seq=102 ack=702"
    ),
    (
      "data after the client's FIN",
      "30 > FA seq=101 ack=701\n20000000 < PA seq=701 ack=102 len=10\n60000000 < FA seq=711 ack=102\n60000009 > A seq=102 ack=712"
    ),
    ("an answer by RST", "30 > FA seq=101 ack=701\n40 < FA seq=701 ack=102\n30000000 > R seq=102"),
  ])
  func aLateEndIsOfTheSameFlow(name: String, packets: String) {
    let all = script(Self.handshake + packets)
    for start in [0, 3] {
      // Met with its first FIN it is one flow, too.
      let records = records(of: Array(all[start...]))
      #expect(Set(records.map(\.flow)).count == 1, "\(name)")
      #expect(records.last?.closeType == .finished, "\(name)")
      #expect(records.filter(\.isNew).count == 1, "\(name)")
    }
  }

  /// A connection whose both ends are known to have closed is over soon.
  @Test func aFinishedFlowIsToldSoon() {
    var run = FlowRun()
    let end = "30 > FA seq=101 ack=701\n40 < FA seq=701 ack=102\n50 > A seq=102 ack=702"
    for packet in script(Self.handshake + end) { run.feed(packet) }
    run.advance(to: Timestamp(seconds: 1_005))
    #expect(run.batch.flows.map(\.closeType) == [.finished])
  }

  /// What the unit tests of the source expect of each capture.
  @Test(arguments: [
    ("tcp-n-syn-ack", CloseType.clientAckMissing), ("tcp-one-syn", .serverSynAckMissing),
    ("syn-1", .clientPortReuse), ("l4-source-port-reuse", .clientPortReuse),
    ("server-reset", .serverRefused), ("server-queue-lack", .serverQueueFull),
    ("client-syn-try-lack", .clientResetAfterFinish),
    ("server-no-response", .clientEstablishReset), ("client-no-response", .serverEstablishReset),
    ("http", .finished), ("out-of-order", .finished), ("rtt-rtt-2", .finished),
    ("handshake-error", .serverHalfClose),
    ("syn-ack-ack-retrans-and-client-payload", .finished),
  ]) func captures(_ name: String, _ type: CloseType) throws {
    guard let packets = try flowCapture(name) else { return }
    let records = records(of: packets)
    #expect(records.last?.closeType == type)
    #expect(records.last?.directionScore == 255)
    #expect(Set(records.map(\.flow)).count == 1)
  }

  /// A client that ends a connection whose last answer was good has no complaint.
  @Test(arguments: [
    (ResponseStatus.ok, CloseType.clientResetAfterFinish), (.serverError, .clientReset),
  ]) func resetAfterAnAnswer(_ status: ResponseStatus, _ type: CloseType) throws {
    var run = FlowRun()
    var slot = 0
    for packet in script(
      Self.handshake + "30 > PA seq=101 ack=701 len=9\n40 < PA seq=701 ack=110 len=3")
    {
      slot = run.feed(packet)?.slot ?? 0
    }
    run.table.countCall(
      slot: slot, CallCount(isRequest: true, isResponse: true, status: status, duration: 10),
      at: Timestamp(seconds: 1_000))
    for packet in script("50 > R seq=110") { run.feed(packet) }
    run.silence()
    #expect(run.batch.flows.map(\.closeType) == [type])
    #expect(run.batch.flows[0].figures.requests == 1)
    #expect(run.batch.flows[0].figures.callResponse.sum == 10)
  }
}
