// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// An answer that is lost shifts no later one, wherever the connection was met.
@Suite struct LostAnswerTests {
  static let count = 8

  /// Requests one after another, of which the answers to `lost` are not seen. The others are answered
  /// rightly, but for those whose answers cannot be told apart.
  private func expect(_ batch: RecordBatch, _ language: Language, lost: Set<Int>, _ what: String) {
    var answered = Set<Int>()
    for call in batch.calls {
      let (request, response) = language.numbers(call, batch)
      if let response {
        #expect(request == response, "\(what): \(request ?? -1) has the answer \(response)")
        answered.insert(response)
      } else if call.kind == .session {
        Issue.record("\(what): an answer without a number")
      }
    }
    let sure = Set(1...Self.count).filter { number in
      !lost.contains(number) && !lost.contains(number - 1)
    }
    #expect(sure.isSubset(of: answered), "\(what): answered are \(answered.sorted())")
  }

  @Test(arguments: Language.all, [true, false])
  func ofPackets(language: Language, hasHandshake: Bool) {
    for lost in [[1], [2], [1, 2], [4], [8], [1, 4]] as [Set<Int>] {
      var connection = WireConnection()
      connection.server.port = language.port
      var pipeline = PacketPipeline.make(PacketLimits(), [language.kind])
      if hasHandshake { pipeline.feed(connection.handshake(at: dawn)) }
      for number in 1...Self.count {
        let time = dawn + Int64(number) * 300_000_000
        pipeline.feed(connection.send(.client, language.request(number), at: time))
        let answer = connection.send(.server, language.response(number), at: time + 20_000_000)
        if !lost.contains(number) { pipeline.feed(answer) }
        pipeline.flush(now: Timestamp(nanoseconds: time + 250_000_000))
      }
      let batch = pipeline.end(at: dawn + 10_000_000_000)
      expect(batch, language, lost: lost, "\(lost), handshake \(hasHandshake)")
      #expect(batch.calls.count == Self.count)
    }
  }

  @Test(arguments: Language.all, [true, false])
  func ofSockets(language: Language, isKnown: Bool) {
    for lost in [[1], [2], [1, 2], [4], [8], [1, 4]] as [Set<Int>] {
      var connection = Connection(serverPort: language.port, isKnown: isKnown)
      connection.server.isObserved = false
      var pipeline = FlowPipeline(protocols: [language.kind])
      for number in 1...Self.count {
        let time = dawn + Int64(number) * 300_000_000
        pipeline.feed(connection.send(.client, language.request(number), at: time))
        let answer = connection.send(.server, language.response(number), at: time + 20_000_000)
        if !lost.contains(number) { pipeline.feed(answer) }
        pipeline.flush(now: Timestamp(nanoseconds: time + 250_000_000))
      }
      pipeline.finish(now: Timestamp(nanoseconds: dawn + 10_000_000_000))
      let batch = pipeline.takeBatch()
      expect(batch, language, lost: lost, "\(lost), known \(isKnown)")
    }
  }

  /// Only one side of the connection crosses the point where it is captured.
  @Test(arguments: Language.all) func ofPacketsOfOneSide(language: Language) {
    var connection = WireConnection()
    connection.server.port = language.port
    var pipeline = PacketPipeline.make(PacketLimits(), [language.kind])
    for number in 1...Self.count {
      let time = dawn + Int64(number) * 300_000_000
      pipeline.feed(connection.send(.client, language.request(number), at: time))
      _ = connection.send(.server, language.response(number), at: time + 20_000_000)
      pipeline.flush(now: Timestamp(nanoseconds: time + 250_000_000))
    }
    let batch = pipeline.end(at: dawn + 10_000_000_000)
    #expect(batch.calls.count == Self.count)
    #expect(batch.calls.allSatisfy { $0.kind == .request })
  }
}
