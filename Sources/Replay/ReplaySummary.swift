// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What a replay read and made.
package struct ReplaySummary: Sendable {
  /// What was seen of one application protocol.
  package struct ProtocolFigures: Hashable, Sendable {
    package var records: UInt64 = 0
    package var requests: UInt64 = 0
    package var responses: UInt64 = 0
    package var clientErrors: UInt64 = 0
    package var serverErrors: UInt64 = 0
    package var timeouts: UInt64 = 0
    /// Requests that were pushed out, or whose connection or capture ended first.
    package var unanswered: UInt64 = 0
    /// Microseconds, over the responses whose request was seen.
    package var duration = LatencySum()

    package init() {}
  }

  /// A stage of the pipeline: `received == passed + sum of dropped`.
  package struct StageFigures: Hashable, Sendable {
    package var received: UInt64 = 0
    package var passed: UInt64 = 0
    package var dropped: [LossReason: UInt64] = [:]

    package init() {}
  }

  package var packets: UInt64 = 0
  /// Bytes of the files, packed where they are.
  package var bytes: UInt64 = 0
  /// The earliest and the latest packet; nil without one.
  package var first: Timestamp?
  package var last: Timestamp?
  package var calls: UInt64 = 0
  package var flows: UInt64 = 0
  package var callMetrics: UInt64 = 0
  package var networkMetrics: UInt64 = 0
  /// By ``ApplicationProtocol/rawValue``.
  package var protocols = [ProtocolFigures](repeating: ProtocolFigures(), count: 256)
  /// Ended flows by ``CloseType/rawValue``; the reports of flows that go on are not among them.
  package var closes = [UInt64](repeating: 0, count: 256)
  package var stages: [Stage: StageFigures] = [:]
  /// What could not be read, one sentence a fault, in the order of the files.
  package var faults: [ReplayError] = []

  package init() {}

  mutating func count(_ batch: inout RecordBatch) {
    calls &+= UInt64(batch.calls.count)
    flows &+= UInt64(batch.flows.count)
    callMetrics &+= UInt64(batch.metrics.count)
    networkMetrics &+= UInt64(batch.networkMetrics.count)
    for index in batch.calls.indices { count(&batch.calls[index]) }
    for index in batch.flows.indices
    where batch.flows[index].closeType.rawValue != CloseType.forcedReport.rawValue {
      closes[Int(batch.flows[index].closeType.rawValue)] &+= 1
    }
    for loss in batch.losses {
      stages[loss.stage, default: StageFigures()].received &+= loss.received
      stages[loss.stage, default: StageFigures()].passed &+= loss.passed
      guard loss.dropped > 0 else { continue }
      stages[loss.stage, default: StageFigures()].dropped[loss.reason, default: 0] &+= loss.dropped
    }
  }

  @inline(__always)
  private mutating func count(_ call: inout CallRecord) {
    let number = Int(call.applicationProtocol.rawValue)
    protocols[number].records &+= 1
    if call.kind.rawValue != CallKind.response.rawValue { protocols[number].requests &+= 1 }
    if call.kind.rawValue != CallKind.request.rawValue { protocols[number].responses &+= 1 }
    switch call.status.rawValue {
    case ResponseStatus.ok.rawValue: break
    case ResponseStatus.clientError.rawValue: protocols[number].clientErrors &+= 1
    case ResponseStatus.serverError.rawValue: protocols[number].serverErrors &+= 1
    case ResponseStatus.timeout.rawValue: protocols[number].timeouts &+= 1
    case ResponseStatus.unknown.rawValue: protocols[number].unanswered &+= 1
    default: break
    }
    if call.hasDuration { protocols[number].duration.take(call.duration) }
  }
}
