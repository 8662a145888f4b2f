// SPDX-License-Identifier: Apache-2.0

import Ingest
import Protocols
import Telemetry
import TestSupport
import Testing

/// What `metaflow-agent replay` writes is what `POST /v1/ingest/records` reads.
@Suite struct ReadBackTests {
  private func readBack(_ text: String) throws -> RecordBatch {
    var batch = RecordBatch()
    let names = ProtocolNames(
      builtInProtocols.map { (name: $0.descriptor.name, number: $0.descriptor.number.rawValue) })
    try RecordLines.decode(Array(text.utf8).span, names: names, into: &batch)
    return batch
  }

  /// Every kind of record with nothing left out, and one with nothing in it.
  @Test func everyKeyIsRead() throws {
    var batch = RecordBatch.full
    batch.calls.append(.sample)
    let written = try text(of: batch)
    let back = try readBack(written)
    #expect(try text(of: back) == written)
    #expect(back.flows[0].figures == batch.flows[0].figures)
    #expect(back.networkMetrics == batch.networkMetrics.map(Self.folded))
    #expect(back.calls[0].end.microseconds == batch.calls[0].end.microseconds)
    #expect(back.calls[0].hasDuration && !back.calls[1].hasDuration)
    #expect(back.string(back.calls[0].texts.referer) == "http://x/")
  }

  /// A figure that were taken for another, or left out, would show.
  @Test(arguments: 0..<20) func figuresKeepTheirPlaces(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var batch = RecordBatch()
    let figures = anyFigures(&random)
    var metric = NetworkMetric.full
    metric.figures = figures
    batch.networkMetrics = [metric]
    var flow = FlowRecord.full(&batch)
    flow.figures = figures
    batch.flows = [flow]
    let back = try readBack(try text(of: batch))
    #expect(back.networkMetrics == batch.networkMetrics.map(Self.folded), "seed \(seed)")
    // Of the handshake a flow tells one time a side.
    for path: WritableKeyPath<FlowFigures, LatencySum> in [
      \.roundTrip, \.roundTripClient, \.roundTripServer,
    ] {
      let mean = figures[keyPath: path].mean
      flow.figures[keyPath: path] = LatencySum()
      if mean > 0 { flow.figures[keyPath: path].take(mean) }
    }
    #expect(back.flows[0].figures == flow.figures, "seed \(seed)")
  }

  /// Metrics have no client port, nor what only flows tell.
  private static func folded(_ metric: NetworkMetric) -> NetworkMetric {
    var metric = metric
    metric.client.port = 0
    metric.figures.fins = 0
    metric.figures.parseFailures = 0
    return metric
  }

  private func anyFigures(_ random: inout SeededGenerator) -> FlowFigures {
    var figures = FlowFigures()
    for path: WritableKeyPath<FlowFigures, FlowTraffic> in [\.sent, \.received] {
      for field: WritableKeyPath<FlowTraffic, UInt64> in [
        \.packets, \.bytes, \.networkBytes, \.transportBytes,
      ] { figures[keyPath: path.appending(path: field)] = random.next() >> 8 }
    }
    for path: WritableKeyPath<FlowFigures, LatencySum> in [
      \.roundTrip, \.roundTripClient, \.roundTripServer, \.systemResponse, \.dataResponse,
      \.callResponse, \.clientIdle,
    ] {
      for _ in 0..<Int(random.next() % 4) { figures[keyPath: path].take(random.next() % 1_000) }
    }
    for path: WritableKeyPath<FlowFigures, UInt32> in [
      \.sentRetransmissions, \.receivedRetransmissions, \.sentZeroWindows, \.receivedZeroWindows,
      \.sentOutOfOrder, \.receivedOutOfOrder, \.syns, \.synAcks, \.synRetransmissions,
      \.synAckRetransmissions, \.requests, \.responses, \.clientErrors, \.serverErrors, \.timeouts,
    ] { figures[keyPath: path] = UInt32(truncatingIfNeeded: random.next()) }
    return figures
  }

  /// Whatever was on the wire.
  @Test(arguments: 0..<50) func anyTextIsReadBack(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let alphabet: [UInt8] = seed % 2 == 0 ? Array(0...255) : Array("a\"\\\n\u{1f}é/😀".utf8)
    var batch = RecordBatch()
    var call = CallRecord.sample
    call.texts.visit { _, text in
      let bytes = (0..<Int(random.next() % 40)).map { _ in alphabet.randomElement(using: &random)! }
      text = batch.append(bytes.span)
    }
    batch.calls = [call]
    let written = try text(of: batch)
    #expect(try text(of: try readBack(written)) == written, "seed \(seed)")
  }
}
