// SPDX-License-Identifier: Apache-2.0

/// Why one call stands below another, or does not.
package struct TraceExplanation: Hashable, Sendable {
  package var isParent: Bool
  /// Of the edge, or of what it would be; nil where nothing joins the two.
  package var confidence: Double?
  /// For people.
  package var sentences: [String]
}

extension TraceForest {
  /// - Parameters:
  ///   - child: A call's place, as `parent` is.
  ///   - parent: What may have caused it.
  func explanation(of child: Int, below parent: Int) -> TraceExplanation {
    if child == parent {
      return TraceExplanation(
        isParent: false, confidence: nil, sentences: ["Both are records of one call."])
    }
    let candidates = search.causes(of: child)
    if let cause = causes[child], cause.parent == parent {
      return TraceExplanation(
        isParent: true, confidence: cause.confidence,
        sentences: cause.evidence.map { sentence($0.text) })
    }
    if let candidate = candidates.first(where: { $0.parent == parent }) {
      return TraceExplanation(
        isParent: false, confidence: candidate.confidence,
        sentences: candidate.evidence.map { sentence($0.text) } + [outdone(child, candidate)])
    }
    var sentences = obstacles(child, parent)
    if let steps = steps(from: child, to: parent) {
      sentences.insert("It is below it, with \(steps) calls between.", at: 0)
    }
    return TraceExplanation(isParent: false, confidence: nil, sentences: sentences)
  }

  /// Why a candidate was not taken.
  private func outdone(_ child: Int, _ candidate: TraceCause) -> String {
    guard let cause = causes[child] else {
      return "But it was caused by this call itself: ids or clocks contradict each other."
    }
    let reasons = cause.evidence.map(\.text).joined(separator: "; ")
    return "But call \(calls[cause.parent].id) is likelier (\(cause.confidence) against "
      + "\(candidate.confidence)): \(reasons)."
  }

  /// How many calls are between one and another that is above it; nil where it is not, or is its parent.
  private func steps(from child: Int, to parent: Int) -> Int? {
    var (here, steps) = (child, 0)
    while let cause = causes[here] {
      here = cause.parent
      if here == parent { return steps == 0 ? nil : steps }
      steps += 1
    }
    return nil
  }

  /// What keeps the two apart.
  private func obstacles(_ child: Int, _ parent: Int) -> [String] {
    let (call, request) = (calls[child], calls[parent])
    var all: [String] = []
    let (made, served) = (call.made, request.served)
    if let process = made?.caller, let other = served?.callee {
      if process != other {
        return [
          "Another process made the call (pid \(process.pid) of agent \(process.agent)) than served the "
            + "other one (pid \(other.pid) of agent \(other.agent))."
        ]
      }
    } else if made?.caller == nil {
      all.append("No agent saw the call at its client’s process.")
    } else {
      all.append("No agent saw the other one at its server’s process.")
    }
    let start = clocks.start(call.outer)
    let (first, last) = (clocks.start(request.inner), clocks.end(request.inner))
    if start < first {
      all.append("The call was made \(first - start) us before the other one came.")
    }
    if start > last {
      all.append("The call was made \(start - last) us after the other one was over.")
    }
    if let made, served != nil {
      all.append(
        made.requestChain == 0 && made.responseChain == 0
          ? "The thread that made the call had read nothing that was seen, as one that is handed work "
            + "from another has not."
          : "No chain of a thread leads from the request to the call, or from its answer to the reply."
      )
    }
    all += ids(call, request)
    return all
  }

  private func ids(_ call: TraceCall, _ request: TraceCall) -> [String] {
    func compared(_ name: String, _ texts: (TraceRecord) -> [String]) -> String {
      let (one, other) = (Set(call.records.flatMap(texts)), Set(request.records.flatMap(texts)))
      switch (one.isEmpty, other.isEmpty) {
      case (true, true): return "Neither carries \(name)."
      case (true, false): return "The call carries no \(name), the other one does."
      case (false, true): return "The call carries \(name), the other one does not."
      case (false, false):
        return one.isDisjoint(with: other)
          ? "Both carry \(name), and none in common."
          : "Both carry the same \(name), but that alone is too little here."
      }
    }
    return [
      compared("trace id") { [$0.trace].filter { !$0.isEmpty } },
      compared("X-Request-ID", \.identifiers),
      compared("word that names one thing") { LinkTokens.tokens(of: $0.text.resource) },
    ]
  }

  private func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
  }
}
