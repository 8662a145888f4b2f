// SPDX-License-Identifier: Apache-2.0

/// The whole path of a request, as far as it was seen.
package struct Trace: Hashable, Sendable {
  /// Each before those that it caused; trees of the same trace that nothing joins stand one behind the
  /// other.
  package var calls: [TraceNode]
  /// Where the call is that was asked for.
  package var entry: Int
  /// Microseconds, by the clock of the entry's host.
  package var start: Int64
  package var end: Int64
  /// Whose times were shifted.
  package var clocks: [ClockShift]
  /// What a reader should know of it, in sentences.
  package var notes: [String]
  /// Whether there is more of it than is told.
  package var isCut: Bool
  /// Seconds in which its records were looked for.
  package var seconds: ClosedRange<Int64>
}

/// A call of a trace, with the call that caused it.
package struct TraceNode: Hashable, Sendable {
  /// `_id` of the record nearest to the client.
  package var id: UInt64
  /// Its cause's place among the calls; nil for a root.
  package var parent: Int?
  package var depth: Int
  /// Why the parent is the parent, the surest first; empty for a root.
  package var evidence: [TraceEvidence]
  /// Of the edge: of those told with 0.9, nine in ten are right. 1 is certain.
  package var confidence: Double?
  /// Why a root has no parent.
  package var missing: String?
  /// Microseconds, by the clock of the entry's host.
  package var start: Int64
  package var end: Int64
  /// As the client saw it; nil where only half of it was seen.
  package var duration: Int64?
  /// Of it, at the server's process; nil where that did not see it.
  package var serverDuration: Int64?
  /// What is not spent in the calls that it caused; nil without a duration.
  package var selfTime: Int64?
  /// How much of the critical path is its own; nil where it is not on that.
  package var criticalTime: Int64?
  package var hops: [TraceHop]
  package var client: TraceEnd
  package var server: TraceEnd
  package var text: TraceText
  /// Ids that it carries; empty without.
  package var trace: String
  package var identifier: String
}

/// A place where a call was seen.
package struct TraceHop: Hashable, Sendable {
  /// `_id` of the record.
  package var id: UInt64
  package var agent: UInt64
  package var point: String
  /// Microseconds, by the clock of the entry's host.
  package var start: Int64
  package var duration: Int64?
}

/// One end of a call.
package struct TraceEnd: Hashable, Sendable {
  package var service: String
  package var address: String
  package var port: UInt64
  /// 0 unknown.
  package var process: UInt64
}
