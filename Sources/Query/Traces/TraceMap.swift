// SPDX-License-Identifier: Apache-2.0

/// Many traces in one: which calls cause which others, how often, and at what cost.
///
/// Calls of one name to one service are one step, wherever they stand in a trace.
package struct TraceMap: Hashable, Sendable {
  /// What a service is asked.
  package struct Step: Hashable, Sendable {
    package var service: String
    package var `protocol`: String
    /// As of its span: "GET /items/{n}".
    package var name: String
  }

  /// How often, and what it took. Times are microseconds, in sum.
  package struct Cost: Hashable, Sendable {
    /// Traces that have such a call.
    package var traces = 0
    package var calls = 0
    package var failures = 0
    package var duration: Int64 = 0
    package var longest: Int64 = 0
    /// Not spent in calls further down.
    package var selfTime: Int64 = 0
    /// Of the critical paths, its own: by so much less would the traces have been shorter.
    package var criticalTime: Int64 = 0
  }

  /// A step with what it took.
  package struct Ranked: Hashable, Sendable {
    package var step: Step
    package var cost: Cost
  }

  /// Calls of a step that those of another one caused.
  package struct Edge: Hashable, Sendable {
    /// The cause; nil for calls that have none.
    package var from: Step?
    package var to: Step
    package var cost: Cost
    /// How sure the causes are, on average; nil without one.
    package var confidence: Double?
  }

  package var traces = 0
  /// What the critical paths took in all.
  package var criticalTime: Int64 = 0
  /// Those that contributed most to it first.
  package private(set) var steps: [Ranked] = []
  package private(set) var edges: [Edge] = []

  private struct Pair: Hashable {
    var from: Step?
    var to: Step
  }

  package init(_ found: [Trace]) {
    var costs: [Step: Cost] = [:]
    var pairs: [Pair: (cost: Cost, confidence: Double)] = [:]
    for trace in found {
      traces += 1
      let steps = trace.calls.map(Step.init)
      var inTrace: Set<Step> = []
      var pairsInTrace: Set<Pair> = []
      for (place, call) in trace.calls.enumerated() {
        let pair = Pair(from: call.parent.map { steps[$0] }, to: steps[place])
        costs[pair.to, default: Cost()].add(call, isFirst: inTrace.insert(pair.to).inserted)
        pairs[pair, default: (Cost(), 0)].cost.add(
          call, isFirst: pairsInTrace.insert(pair).inserted)
        pairs[pair]?.confidence += call.confidence ?? 0
        criticalTime += call.criticalTime ?? 0
      }
    }
    steps = costs.map { Ranked(step: $0.key, cost: $0.value) }.sorted {
      ($1.cost.criticalTime, $1.cost.duration, $0.step.text) < (
        $0.cost.criticalTime, $0.cost.duration, $1.step.text
      )
    }
    edges = pairs.map { pair, sum in
      Edge(
        from: pair.from, to: pair.to, cost: sum.cost,
        confidence: pair.from == nil ? nil : sum.confidence / Double(max(1, sum.cost.calls)))
    }.sorted {
      ($1.cost.criticalTime, $1.cost.duration, $0.text) < (
        $0.cost.criticalTime, $0.cost.duration, $1.text
      )
    }
  }
}

extension TraceMap.Step {
  fileprivate init(_ call: TraceNode) {
    service = call.server.service.isEmpty ? call.server.address : call.server.service
    `protocol` = call.text.application
    name = SpanNames.name(call.text)
  }

  fileprivate var text: String { "\(service)\u{0}\(self.protocol)\u{0}\(name)" }
}

extension TraceMap.Edge {
  fileprivate var text: String { (from?.text ?? "") + "\u{0}" + to.text }
}

extension TraceMap.Cost {
  fileprivate mutating func add(_ call: TraceNode, isFirst: Bool) {
    traces += isFirst ? 1 : 0
    calls += 1
    failures += call.text.isFailed ? 1 : 0
    duration += call.duration ?? 0
    longest = max(longest, call.duration ?? 0)
    selfTime += call.selfTime ?? 0
    criticalTime += call.criticalTime ?? 0
  }
}
