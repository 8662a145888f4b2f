// SPDX-License-Identifier: Apache-2.0

/// Where the spans stand that applications tell of themselves: they name their parents.
///
/// A span that a service tells of its own serving has for its parent the span that the request carried,
/// which is its client's. The request itself lies between the two: it stands below the client's span and
/// the service's stands below it. Where a request is passed on as it came, the last one of those that
/// carry the span reached the service.
struct ToldSpans {
  private struct Key: Hashable {
    var trace: String
    var span: String
  }

  private let calls: [TraceCall]
  private let starts: [Int64]
  private let isWhole: Bool
  /// By span: those that applications told, and calls that carry it, in the order of their starts.
  private var told: [Key: [Int]] = [:]
  private var carriers: [Key: [Int]] = [:]

  init(_ calls: [TraceCall], clocks: HostClocks, isWhole: Bool) {
    self.calls = calls
    self.isWhole = isWhole
    let starts = calls.map { clocks.start($0.outer) }
    self.starts = starts
    for index in calls.indices.sorted(by: { (starts[$0], $0) < (starts[$1], $1) }) {
      for key in Set(calls[index].records.map { Key(trace: $0.trace, span: $0.span) })
      where !key.span.isEmpty && !key.trace.isEmpty {
        if calls[index].isTold {
          told[key, default: []].append(index)
        } else {
          carriers[key, default: []].append(index)
        }
      }
    }
  }

  /// The cause of the call at `index` by the spans that are told; nil where they say nothing.
  func cause(of index: Int) -> TraceCause? {
    let call = calls[index]
    if call.isTold {
      let record = call.outer
      guard !record.parentSpan.isEmpty else { return nil }
      let key = Key(trace: record.trace, span: record.parentSpan)
      let about = "its parent span is the other’s, \(record.parentSpan)"
      if record.seen.point == "s-app" {
        let sent = (carriers[key] ?? []).filter { starts[$0] <= starts[index] }
        if let last = sent.last { return cause(last, of: sent.count, about) }
      }
      return only(told[key], but: index, about)
    }
    for record in call.records where !record.span.isEmpty {
      let key = Key(trace: record.trace, span: record.span)
      let clients = told[key]?.filter { calls[$0].outer.seen.point == "c-app" }
      // Whoever passes the span on is below the request that it came by, not below the client.
      guard carriers[key]?.first == index else { continue }
      if let cause = only(clients, but: index, "it carries the other’s span, \(record.span)") {
        return cause
      }
    }
    return nil
  }

  private func only(_ all: [Int]?, but index: Int, _ about: String) -> TraceCause? {
    let others = (all ?? []).filter { $0 != index }
    return others.last.map { cause($0, of: others.count, about) }
  }

  private func cause(_ parent: Int, of count: Int, _ about: String) -> TraceCause {
    let sure = count == 1 ? (isWhole ? 1 : 0.9) : 0.9
    var evidence = [TraceEvidence(.span, about, sure)]
    if count > 1 {
      evidence.append(TraceEvidence(.time, "of \(count) that carry it, the one that began last", 0))
    }
    return TraceCause(parent: parent, evidence: evidence, confidence: sure)
  }
}

extension TraceCall {
  /// Whether it is a span that an application told, and nothing that was seen of a call.
  var isTold: Bool { ["c-app", "s-app", "app"].contains(outer.seen.point) }
}
