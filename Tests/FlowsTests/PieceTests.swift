// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Synchronization
import Telemetry
import TestSupport
import Testing

/// What the parsers of a ``Counted`` were asked, and the bytes they were shown.
private enum Walked {
  static let calls = Atomic<Int>(0)
  static let bytes = Atomic<Int>(0)

  static func note(_ count: Int) {
    calls.wrappingAdd(1, ordering: .relaxed)
    bytes.wrappingAdd(count, ordering: .relaxed)
  }
}

/// A protocol the work on which is counted: all that it is shown, though it may look at less.
private struct Counted: ProtocolKind {
  var base: any ProtocolKind
  var descriptor: ProtocolDescriptor { base.descriptor }

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    Walked.note(bytes.count)
    return base.recognize(bytes, context: context)
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    CountedParser(base: base.makeParser(context))
  }
}

private struct CountedParser: ProtocolParser {
  var base: any ProtocolParser

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    Walked.note(view.bytes.count)
    return try base.nextMessage(in: view, from: side, on: &desk)
  }

  mutating func bytesWereLost(from side: Side) { base.bytesWereLost(from: side) }
}

/// Many small pieces cost about what they would in large ones, and say the same.
@Suite(.serialized) struct PieceTests {
  private func run(
    _ kind: any ProtocolKind, _ talks: [Talk], port: UInt16, every size: Int
  ) -> [CallRecord] {
    var connection = Connection(serverPort: port)
    connection.client.isObserved = false
    connection.captureLimit = 1 << 20
    var pipeline = FlowPipeline(protocols: [Counted(base: kind)])
    for (index, talk) in talks.enumerated() {
      let time = dawn + Int64(index) * 1_000_000
      for observation in connection.send(talk.side, talk.bytes, at: time) {
        pipeline.feed(SimulationTests.cut(observation, every: size))
      }
    }
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 1_000_000_000))
    var batch = pipeline.takeBatch()
    for index in batch.calls.indices { batch.calls[index].texts = CallTexts() }
    return batch.calls
  }

  private func work(_ large: LargeTalks, size: Int, every: Int) -> (calls: [CallRecord], bytes: Int)
  {
    Walked.bytes.store(0, ordering: .relaxed)
    let calls = run(large.kind, large.make(size), port: large.port, every: every)
    return (calls, Walked.bytes.load(ordering: .relaxed))
  }

  @Test(arguments: LargeTalks.all.indices) func aByteAtATimeCostsLittleMore(index: Int) {
    let large = LargeTalks.all[index]
    let size = 8_000
    let total = large.make(size).reduce(0) { $0 + $1.bytes.count }
    let whole = work(large, size: size, every: 1 << 20)
    let bytes = work(large, size: size, every: 1)
    #expect(whole.calls.count == large.calls)
    let isSame = bytes.calls == whole.calls
    #expect(isSame, "\(large)")
    // Each of the first 256 bytes of a message, then with each eighth more, all before it.
    #expect(bytes.bytes < 3 * 256 * 256 + 16 * total, "\(bytes.bytes) bytes of \(total)")
  }

  /// The calls of a large message in the segments that it has on the wire.
  @Test(arguments: LargeTalks.all.indices) func segmentsSayWhatTheWholeSays(index: Int) {
    let large = LargeTalks.all[index]
    for size in [1_023, 1_025, 4_095, 4_097, 4_200, 8_191, 8_193] {
      let whole = work(large, size: size, every: 1 << 20).calls
      #expect(whole.count == large.calls, "\(large), \(size)")
      for every in [1_000, 1_460] {
        let isSame = work(large, size: size, every: every).calls == whole
        #expect(isSame, "\(large), \(size) in \(every)")
      }
    }
  }
}
