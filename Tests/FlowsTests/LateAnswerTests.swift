// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Answers to requests that have left without them.
@Suite struct LateAnswerTests {
  /// A statement whose preparation took longer than anybody waited is known when it is executed.
  @Test func theyAreReadAsThoseTheyAre() {
    var connection = Connection(serverPort: 3_306)
    connection.client.isObserved = false
    var pipeline = FlowPipeline(protocols: [MySQL()])
    let prepare = Language.packet(0, [0x16] + Array("SELECT a FROM t".utf8))
    let prepared: [UInt8] = [0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let execute: [UInt8] = [0x17, 9, 0, 0, 0, 0, 1, 0, 0, 0]
    pipeline.feed(connection.send(.client, prepare, at: dawn))
    let late = dawn + 130_000_000_000
    pipeline.flush(now: Timestamp(nanoseconds: late))
    let timeouts = pipeline.takeBatch().calls
    #expect(timeouts.map(\.status) == [.timeout])
    pipeline.feed(connection.send(.server, Language.packet(1, prepared), at: late + 1_000_000))
    #expect(pipeline.pendingCount == 0)
    pipeline.feed(
      connection.send(.client, Language.packet(0, execute), at: late + 2_000_000))
    pipeline.feed(
      connection.send(
        .server, Language.packet(1, [0, 0, 0, 2, 0, 0, 0]), at: late + 3_000_000))
    let batch = pipeline.takeBatch()
    #expect(batch.calls.map { batch.string($0.texts.endpoint) } == ["SELECT t"])
    #expect(batch.calls.map(\.status) == [.ok])
    #expect(pipeline.tallies.calls.balances)
  }

  /// Those behind it are answered by their own.
  @Test(arguments: Language.all) func theyShiftNothing(language: Language) {
    var connection = Connection(serverPort: language.port)
    connection.client.isObserved = false
    var pipeline = FlowPipeline(protocols: [language.kind])
    pipeline.feed(connection.send(.client, language.request(1), at: dawn))
    let timeout = max(120, Int64(language.kind.descriptor.timeoutSeconds))
    let late = dawn + (timeout + 10) * 1_000_000_000
    pipeline.flush(now: Timestamp(nanoseconds: late))
    pipeline.feed(connection.send(.client, language.request(2), at: late + 1_000_000))
    pipeline.feed(connection.send(.server, language.response(1), at: late + 2_000_000))
    pipeline.feed(connection.send(.server, language.response(2), at: late + 3_000_000))
    let batch = pipeline.takeBatch()
    let answered = batch.calls.map { language.numbers($0, batch) }.filter { $0.response != nil }
    #expect(answered.map { $0.request } == [2] && answered.map { $0.response } == [2])
    #expect(batch.calls.count == 2)
    // What only the engine counts is nobody's id.
    let hasIDs = language.hasIDs && language.kind.descriptor.pairing == .identifier
    #expect(batch.calls.allSatisfy { ($0.requestID != nil) == hasIDs })
  }

  /// Lost are the answer to the second request, and the third: what comes then answers neither.
  @Test(arguments: [Language.lines, Language.http])
  func anAnswerThatMayBeToALostRequestIsNobodys(language: Language) {
    var connection = Connection(serverPort: language.port)
    connection.server.isObserved = false
    var pipeline = FlowPipeline(protocols: [language.kind])
    for number in 1...3 {
      let time = dawn + Int64(number) * 1_000_000
      let asked = connection.send(.client, language.request(number), at: time)
      if number != 3 { pipeline.feed(asked) }
      let answered = connection.send(.server, language.response(number), at: time + 500_000)
      if number != 2 { pipeline.feed(answered) }
    }
    pipeline.flush(now: Timestamp(nanoseconds: dawn + 1_000_000_000))
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 2_000_000_000))
    #expect(pipeline.takeBatch().calls.map(\.kind) == [.session, .request])
  }
}
