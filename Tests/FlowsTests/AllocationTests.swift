// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport
import Testing

#if canImport(CAllocations)
  import CAllocations
#endif

/// What stays allocated after many calls: nothing grows with them.
@Suite(.serialized) struct AllocationTests {
  /// The pipeline's own buffers are at their size after a while; records leave by swapping batches.
  @Test func buffersStopGrowing() {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: PairingTests.ordered)
    var batch = RecordBatch()
    var time = dawn
    func round(_ connection: inout Connection, _ pipeline: inout FlowPipeline) -> [Int] {
      for _ in 0..<2_000 {
        time += 1_000_000
        pipeline.feed(connection.send(.client, "?/a\n", at: time))
        pipeline.feed(connection.send(.server, "=200\n", at: time + 300_000))
      }
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.takeBatch(into: &batch)
      return [
        batch.calls.capacity, batch.text.capacity, batch.metrics.capacity, batch.losses.capacity,
      ]
    }
    for _ in 0..<4 { _ = round(&connection, &pipeline) }
    let (first, second) = (round(&connection, &pipeline), round(&connection, &pipeline))
    for _ in 0..<20 { _ = round(&connection, &pipeline) }
    #expect(round(&connection, &pipeline) == first)
    #expect(round(&connection, &pipeline) == second)
    #expect(pipeline.pendingCount == 0)
    #expect(pipeline.conversationCount == 1)
  }

  #if canImport(CAllocations)
    struct Exchange: Sendable, CustomTestStringConvertible {
      var testDescription: String
      /// What both sides say first, and then again and again.
      var opening: [[UInt8]]
      var request: [UInt8]
      var response: [UInt8]
    }

    static let exchanges = [
      Exchange(
        testDescription: "HTTP/1", opening: [],
        request: Array("GET /items/42 HTTP/1.1\r\nHost: shop\r\n\r\n".utf8),
        response: Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)),
      Exchange(
        testDescription: "HTTP/2",
        opening: [HTTP2Talks.opening.bytes, HTTP2Talks.welcome.bytes],
        request: HTTP2Talks.headers(
          1,
          HTTP2Talks.requestFields("GET", "/items/42")
            + HTTP2Talks.field("user-agent", "curl", isAdded: true) + [0xbe], goesOn: false),
        response: HTTP2Talks.response(1, 200, [("content-length", "2")], goesOn: true)
          + HTTP2Talks.data(1, [1, 2])),
    ]

    /// A warm pipeline takes 200,000 events of keep-alive HTTP without asking the heap for anything
    /// on an event's behalf: a few are left in ten seconds. Counted by this thread's own malloc.
    ///
    /// Code that is not optimised boxes some values of every event; the bound there only says it
    /// is a few, whatever has gone before.
    @Test(arguments: exchanges) func noEventIsAllocatedFor(exchange: Exchange) {
      let (request, response) = (exchange.request, exchange.response)
      var pipeline = FlowPipeline(protocols: builtInProtocols)
      var batch = RecordBatch()
      var calls = 0
      var before: UInt64 = 0
      for socket in 0..<8 {
        for (index, bytes) in exchange.opening.enumerated() {
          let event = Self.event(
            index == 0 ? .ingress : .egress, bytes.count, call: socket - 8, at: dawn - 1_000_000)
          pipeline.feed(event, payload: bytes.span)
        }
      }
      for round in 0..<140 {
        if round == 40 { (calls, before) = (0, mf_allocations()) }
        for number in 0..<1_000 {
          let call = round * 1_000 + number
          let time = dawn + Int64(call) * 100_000
          pipeline.feed(
            Self.event(.ingress, request.count, call: call, at: time), payload: request.span)
          pipeline.feed(
            Self.event(.egress, response.count, call: call, at: time + 50_000),
            payload: response.span)
        }
        pipeline.flush(now: Timestamp(nanoseconds: dawn + Int64(round + 1) * 100_000_000))
        pipeline.takeBatch(into: &batch)
        calls += batch.calls.count
      }
      let allocated = mf_allocations() - before
      #expect(calls == 100_000)
      #if DEBUG
        #expect(allocated < 200_000 * 24)
      #else
        // Ten seconds went by.
        #expect(allocated <= 40)
      #endif
    }

    private static func event(
      _ direction: SocketEvent.Direction, _ length: Int, call: Int, at time: Int64
    ) -> SocketEvent {
      let socket = (call + 8) % 8
      return SocketEvent(
        kind: .data, direction: direction, role: .server, socket: UInt64(1 + socket),
        transport: .tcp, networkNamespace: 1, local: IPAddress(v4: 0x0a00_0001), localPort: 8_080,
        remote: IPAddress(v4: 0x0a00_0002), remotePort: UInt16(10_000 + socket),
        process: ProcessKey(pid: 42, startedAfterBoot: 1_000), thread: 42,
        threadName: ThreadName(first: 0x78_6e69_676e, second: 0),
        enter: Timestamp(nanoseconds: time), exit: Timestamp(nanoseconds: time + 2_000),
        sequence: UInt32(1_000 + (call < 0 ? -length : call / 8 * length)),
        length: UInt32(length))
    }
  #endif
}
