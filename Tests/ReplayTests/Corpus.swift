// SPDX-License-Identifier: Apache-2.0

import Foundation
import Protocols
import Replay
import Telemetry
import TestSupport
import Testing

/// The path of a capture of the corpus that lies beside the repository and is not part of it; nil,
/// said on the console, where it is not there.
func corpus(_ name: String) -> String? {
  let parts = name.split(separator: "/")
  let found = corpusCaptures(String(parts[0])).first { $0.hasSuffix("/\(name)") }
  if found == nil { print("corpus: \(name) is not beside the repository; nothing is compared") }
  return found
}

/// Keeps all records, with their texts as strings beside them.
struct Collector: RecordSink, ~Copyable {
  struct Call {
    var record: CallRecord
    var requestType: String
    var domain: String
    var resource: String
    var endpoint: String
    var result: String
    var exception: String
    var traceID: String
    var spanID: String
    var proxyClient: String
    var version: String
    var attributes: [String: String]
  }

  var calls: [Call] = []
  var flows: [FlowRecord] = []
  var interfaces: [String] = []
  var metrics: [CallMetric] = []
  var networkMetrics: [NetworkMetric] = []

  mutating func take(_ batch: inout RecordBatch) throws(ReplayError) {
    for record in batch.calls {
      let texts = record.texts
      calls.append(
        Call(
          record: record, requestType: batch.string(texts.requestType),
          domain: batch.string(texts.requestDomain), resource: batch.string(texts.requestResource),
          endpoint: batch.string(texts.endpoint), result: batch.string(texts.responseResult),
          exception: batch.string(texts.responseException), traceID: batch.string(texts.traceID),
          spanID: batch.string(texts.spanID), proxyClient: batch.string(texts.proxyClient),
          version: batch.string(texts.version), attributes: Self.attributes(record, batch)))
    }
    flows += batch.flows
    interfaces += batch.flows.map { batch.string($0.interfaceName) }
    metrics += batch.metrics
    networkMetrics += batch.networkMetrics
  }

  private static func attributes(_ record: CallRecord, _ batch: RecordBatch) -> [String: String] {
    var found: [String: String] = [:]
    var walk = AttributeWalk(record.attributes, in: batch.text.span)
    while let (name, value) = walk.next(in: batch.text.span) {
      found[batch.string(name), default: ""] += batch.string(value)
    }
    return found
  }

  func flush() throws(ReplayError) {}

  func finish() throws(ReplayError) {}
}

/// Replays files and hands what came of it to `look`.
func replay(
  _ files: [String], _ change: (inout Replay) -> Void = { _ in },
  _ look: (borrowing Collector, ReplaySummary) throws -> Void
) throws {
  var replay = Replay(files: files, protocols: builtInProtocols)
  change(&replay)
  var collector = Collector()
  var progress = ReplayProgress(to: -1)
  let summary = try replay.run(into: &collector, progress: &progress)
  try look(collector, summary)
}

/// Each stage's account must add up, whatever the file was.
func expectBalance(_ summary: ReplaySummary, _ file: String) {
  for (stage, figures) in summary.stages {
    #expect(
      figures.received == figures.passed + figures.dropped.values.reduce(0, +),
      "\(stage.name) of \(file)")
  }
  #expect(summary.stages[.frames]?.received ?? 0 == summary.packets, "\(file)")
}
