// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// HTTP bodies and heads that end somewhere else than their chunk of the stream.
@Suite struct HTTPStreamTests {
  static let http: [any ProtocolKind] = [HTTP1()]
  static let get = "GET /a/b HTTP/1.1\r\nHost: h\r\n\r\n"
  static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
  static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

  /// What a user waits for is the last chunk, not the head.
  @Test func aChunkedResponseEndsWithItsLastByte() throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: Self.http)
    pipeline.feed(connection.send(.client, Self.get, at: dawn))
    let pieces = [Self.chunkedHead + "5\r\nhello\r\n", "6\r\n wo", "rld\r\n0\r\nTrailer: x\r\n"]
    for (index, piece) in pieces.enumerated() {
      pipeline.feed(connection.send(.server, piece, at: dawn + Int64(index + 1) * 1_000_000))
      #expect(pipeline.takeBatch().calls.isEmpty)
    }
    pipeline.feed(connection.send(.server, "\r\n" + Self.empty, at: dawn + 9_000_000))
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.end.nanoseconds == dawn + 9_020_000)
    #expect(call.responseCode == 200)
    #expect(Int(call.capturedResponseBytes) == pieces.joined().utf8.count + 2)
    #expect(pipeline.pendingCount == 1, "the response that nobody asked for")
  }

  @Test(arguments: [1, 2, 3, 7, 16, 50])
  func recordsDoNotDependOnTheChunks(size: Int) {
    func records(_ cut: (Observation) -> [Observation]) -> [RecordBatch] {
      var connection = PairingTests.connection()
      connection.captureLimit = 160
      var pipeline = FlowPipeline(protocols: Self.http)
      let long = String(repeating: "x", count: 300)
      var batches: [RecordBatch] = []
      let bodies = [
        "3\r\nabc\r\n0\r\n\r\n", "12c\r\n\(long)\r\n4\r\nabcd\r\n", "0\r\n\r\n",
      ]
      for (index, body) in bodies.enumerated() {
        let time = dawn + Int64(index) * 10_000_000
        for event in connection.send(.client, Self.get, at: time) { pipeline.feed(cut(event)) }
        for event in connection.send(.server, Self.chunkedHead + body, at: time + 1_000_000) {
          pipeline.feed(cut(event))
        }
        batches.append(pipeline.takeBatch())
      }
      pipeline.finish(now: Timestamp(nanoseconds: dawn + 30_000_000_000))
      batches.append(pipeline.takeBatch())
      return batches
    }
    let whole = records { [$0] }
    #expect(whole.flatMap(\.calls).count == 3)
    #expect(whole == records { SimulationTests.cut($0, every: size) })
  }

  /// Sizes of chunks that were not captured say no more where the body ends; the client does.
  @Test func aChunkedBodyBeyondTheCaptureEndsWhenTheClientSpeaks() throws {
    var connection = PairingTests.connection()
    connection.captureLimit = 64
    var pipeline = FlowPipeline(protocols: Self.http)
    pipeline.feed(connection.send(.client, Self.get, at: dawn))
    let chunk = "64\r\n" + String(repeating: "x", count: 100) + "\r\n"
    pipeline.feed(
      connection.send(.server, Self.chunkedHead + chunk + chunk + chunk, at: dawn + 1_000_000))
    pipeline.feed(connection.send(.server, chunk + "0\r\n\r\n", at: dawn + 5_000_000))
    #expect(pipeline.takeBatch().calls.isEmpty)
    pipeline.feed(connection.send(.client, Self.get, at: dawn + 8_000_000))
    pipeline.feed(connection.send(.server, Self.empty, at: dawn + 9_000_000))
    let calls = pipeline.takeBatch().calls
    #expect(calls.map(\.responseCode) == [200, 204])
    #expect(calls.first?.end.nanoseconds == dawn + 5_020_000)
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
    #expect(pipeline.tallies.conversations.balances)
  }

  /// A body that never ends is a call all the same when its connection does.
  @Test func aChunkedBodyEndsWithItsConnection() throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: Self.http)
    pipeline.feed(connection.send(.client, Self.get, at: dawn))
    pipeline.feed(connection.send(.server, Self.chunkedHead + "5\r\nhel", at: dawn + 1_000_000))
    pipeline.feed(connection.close(at: dawn + 7_000_000))
    let call = try #require(pipeline.takeBatch().calls.first)
    #expect(call.responseCode == 200)
    #expect(call.end.nanoseconds == dawn + 1_020_000)
    #expect(pipeline.pendingCount == 0)
  }

  /// Server-sent events: a call that is seen while it lasts, once.
  @Test(arguments: [chunkedHead, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"])
  func aResponseThatNeverEndsIsToldAfterAMinute(head: String) throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: Self.http)
    pipeline.feed(connection.send(.client, Self.get, at: dawn))
    pipeline.feed(connection.send(.server, head, at: dawn + 1_000_000))
    let piece = head == Self.chunkedHead ? "7\r\ndata: x\r\n" : "data: x\n\n"
    var times: [Int64] = []
    for half in 1...400 {
      let time = dawn + Int64(half) * 500_000_000
      pipeline.feed(connection.send(.server, piece, at: time))
      pipeline.flush(now: Timestamp(nanoseconds: time + 100_000_000))
      for call in pipeline.takeBatch().calls {
        #expect(call.responseCode == 200 && call.status == .ok)
        times.append(time)
        #expect(call.durationMicroseconds == UInt64(time + 20_000 - dawn) / 1_000)
      }
    }
    #expect(times == [dawn + 60_000_000_000])
    if head == Self.chunkedHead {
      pipeline.feed(connection.send(.server, "0\r\n\r\n", at: dawn + 300_000_000_000))
    }
    pipeline.feed(connection.send(.client, Self.get, at: dawn + 301_000_000_000))
    pipeline.feed(connection.send(.server, Self.empty, at: dawn + 301_001_000_000))
    #expect(pipeline.takeBatch().calls.map(\.responseCode) == [204])
    #expect(pipeline.tallies.calls.droppedTotal == 0)
  }

  /// A download tells its end: it is a call when it is through.
  @Test func aLongDownloadIsToldWhenItEnds() throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: Self.http)
    pipeline.feed(connection.send(.client, Self.get, at: dawn))
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"
    pipeline.feed(connection.send(.server, head, at: dawn + 1_000_000))
    for second in 1...200 {
      #expect(pipeline.takeBatch().calls.isEmpty)
      let time = dawn + Int64(second) * 1_000_000_000
      pipeline.feed(connection.send(.server, "0123456789", at: time))
      pipeline.flush(now: Timestamp(nanoseconds: time + 500_000_000))
    }
    #expect(pipeline.takeBatch().calls.first?.durationMicroseconds == 200_000_020)
  }

  /// The capture's end is the parser's final view: a call, cut, and not a lost one.
  @Test func aHeadBeyondTheCaptureIsACall() throws {
    var connection = PairingTests.connection()
    connection.captureLimit = 40
    var pipeline = FlowPipeline(protocols: Self.http)
    let cookie = "Cookie: " + String(repeating: "c", count: 200) + "\r\n\r\n"
    pipeline.feed(
      connection.send(.client, "GET /a/b HTTP/1.1\r\nHost: h\r\n" + cookie, at: dawn))
    pipeline.feed(
      connection.send(.server, "HTTP/1.1 500 Oops\r\nSet-" + cookie, at: dawn + 1_000_000))
    pipeline.feed(connection.send(.client, Self.get, at: dawn + 2_000_000))
    let batch = pipeline.takeBatch()
    let call = try #require(batch.calls.first)
    #expect(batch.string(call.texts.endpoint) == "/a/b")
    #expect(call.responseCode == 500)
    #expect(call.flags.contains(.truncated))
    #expect(call.end.nanoseconds == dawn + 1_020_000)
    #expect(pipeline.tallies.conversations.droppedTotal == 0)
  }

  /// What is left over of a head when its connection ends is the parser's final view, too.
  @Test func aHeadThatStopsIsACallWhenItsConnectionEnds() throws {
    var connection = PairingTests.connection()
    var pipeline = FlowPipeline(protocols: Self.http)
    pipeline.feed(connection.send(.client, Self.get, at: dawn))
    pipeline.feed(connection.send(.server, "HTTP/1.1 503 Busy\r\nServer: x", at: dawn + 1_000_000))
    #expect(pipeline.takeBatch().calls.isEmpty)
    pipeline.feed(connection.close(at: dawn + 7_000_000))
    let batch = pipeline.takeBatch()
    let call = try #require(batch.calls.first)
    #expect(call.responseCode == 503)
    #expect(call.status == .serverError)
    #expect(call.flags.contains(.truncated))
    #expect(call.end.nanoseconds == dawn + 1_020_000)
  }
}
