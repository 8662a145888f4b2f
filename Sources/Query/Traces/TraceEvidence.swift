// SPDX-License-Identifier: Apache-2.0

/// Something that says that one call caused another.
package struct TraceEvidence: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    /// A thread sent the call behind what it had read, with nothing read between.
    case chain
    /// The span that one call carries is the other's, or its parent.
    case span = "span_id"
    case identifier = "x_request_id"
    case trace = "trace_id"
    /// A word that names one thing, in what both ask for.
    case token
    /// The call brings a message that the other one handed to a broker.
    case message
    /// Of several that the other evidence allows, the one that lasted as long as the call, or began
    /// last. Only ever a tie-breaker.
    case time
  }

  package var kind: Kind
  /// For people: what was seen.
  package var text: String
  /// How sure it makes one by itself: 1 only where it cannot be otherwise.
  package var confidence: Double

  package init(_ kind: Kind, _ text: String, _ confidence: Double) {
    self.kind = kind
    self.text = text
    self.confidence = confidence
  }
}

extension TraceEvidence {
  /// What all of them say together: as much as the surest, and more where a chain and an id agree. Ids
  /// go together, so that one more says nothing new. Only what is exact is certain.
  static func confidence(of all: [TraceEvidence]) -> Double {
    if all.contains(where: { $0.confidence >= 1 }) { return 1 }
    let chain = all.filter { $0.kind == .chain }.map(\.confidence).max() ?? 0
    let id = all.filter { $0.kind != .chain }.map(\.confidence).max() ?? 0
    let doubt = (1 - chain) * (1 - id)
    return min(0.99, ((1 - doubt) * 1_000).rounded() / 1_000)
  }
}

/// A call that may have caused another, and why.
struct TraceCause: Hashable, Sendable {
  /// Its place among the calls.
  var parent: Int
  var evidence: [TraceEvidence]
  var confidence: Double
}
