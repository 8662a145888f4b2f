// SPDX-License-Identifier: Apache-2.0

/// Which traces are wanted: those with a call that passes, as its client saw it.
package struct TraceFilter: Hashable, Sendable {
  package enum Sort: String, Hashable, Sendable, CaseIterable {
    /// Those first whose calls that pass ended last.
    case time
    /// Those first whose calls that pass lasted longest.
    case duration
  }

  /// Its order and limit do not matter.
  package var calls: CallFilter
  /// What the trace has to be found by, besides; then any record of it may pass.
  package var query: TraceQLQuery?
  /// Of the whole trace, microseconds.
  package var duration: ClosedRange<Int64>?
  package var sort = Sort.time
  package var limit = 20

  package init(calls: CallFilter) { self.calls = calls }
}

/// A trace that was searched for.
package struct FoundTrace: Hashable, Sendable {
  package var trace: Trace
  /// Places of the calls that passed, in the order of the trace.
  package var matches: [Int]
  /// Its spans, and the places of those that the query found; where there was a query.
  package var spans: SpanTree?
  package var matchingSpans: [Int] = []
}

/// What a search over traces found, in the order that was wanted.
package struct FoundTraces: Hashable, Sendable {
  package var traces: [FoundTrace] = []
  /// Whether there are, or may be, more.
  package var isCut = false
  /// What a reader should know, in sentences.
  package var notes: [String] = []
}

extension Trace {
  /// From the first byte to the last, microseconds.
  package var duration: Int64 { end - start }

  /// The calls that failed.
  package var failures: Int { calls.count { $0.text.isFailed } }

  /// Who served calls, with how many and how many of them failed, by their names.
  package var services: [(name: String, calls: Int, failures: Int)] {
    var found: [String: (calls: Int, failures: Int)] = [:]
    for call in calls {
      let name = call.server.service.isEmpty ? call.server.address : call.server.service
      let known = found[name] ?? (0, 0)
      found[name] = (known.calls + 1, known.failures + (call.text.isFailed ? 1 : 0))
    }
    return found.map { ($0.key, $0.value.calls, $0.value.failures) }.sorted { $0.0 < $1.0 }
  }
}

extension TraceText {
  /// Whether it failed; that its end was not seen says nothing.
  package var isFailed: Bool { !["Success", "Unknown", ""].contains(status) }
}
