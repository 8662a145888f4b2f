// SPDX-License-Identifier: Apache-2.0

extension TraceAnswer {
  /// The calls as a tree, each below the one that caused it.
  ///
  /// - Parameters:
  ///   - showsHops: Also a line for each place that saw a call.
  ///   - showsReasons: Also a line for each reason of an edge.
  func tree(showsHops: Bool, showsReasons: Bool) -> String {
    let branches = branches
    var rows: [[String]] = []
    for (place, call) in calls.enumerated() {
      rows.append([
        branches[place].line + call.about, call.statusText, Self.time(call.duration),
        Self.time(call.selfTime), call.criticalTime == nil ? "" : "*", call.sureness, call.reason,
      ])
      if showsReasons {
        let reasons = call.edge?.reasons.map(\.text) ?? call.withoutParent.map { [$0] } ?? []
        rows += reasons.map { [branches[place].below + "  " + $0, "", "", "", "", "", ""] }
      }
      guard showsHops else { continue }
      for hop in call.hops {
        rows.append([
          branches[place].below + "  at \(hop.point)", "", Self.time(hop.duration), "", "", "", "",
        ])
      }
    }
    return aligned(
      ["CALL", "STATUS", "TOOK", "SELF", "", "SURE", "WHY"], rows,
      isNumber: [false, false, true, true, false, true, false], widest: 120)
  }

  /// Sentences about the tree: why what has no parent has none, and what the server notes.
  var remarks: [String] {
    let roots = calls.filter { $0.parent == nil }
    var all = roots.prefix(Self.rootsTold).map { call in
      let name = roots.count == 1 ? "the first call" : call.about
      return "\(name) has no call above it. \(call.withoutParent ?? "")"
    }
    if roots.count > Self.rootsTold {
      all.append("So have \(roots.count - Self.rootsTold) others; --why says why.")
    }
    return all + notes
  }

  private static let rootsTold = 3

  /// What is drawn before each call, and before what belongs to it.
  private var branches: [(line: String, below: String)] {
    var isLast = Array(repeating: true, count: calls.count)
    // By depth: whether a call at that depth follows, seen from the end.
    var follows: [Int: Bool] = [:]
    for place in calls.indices.reversed() {
      let depth = calls[place].depth
      isLast[place] = !(follows[depth] ?? false)
      follows[depth] = true
      for deeper in follows.keys where deeper > depth { follows[deeper] = nil }
    }
    var open: [Bool] = []
    return calls.indices.map { place in
      let depth = min(calls[place].depth, open.count)
      open.removeSubrange(depth...)
      let before = open.dropFirst().map { $0 ? "│  " : "   " }.joined()
      open.append(!isLast[place])
      guard depth > 0 else { return ("", "") }
      return (
        before + (isLast[place] ? "└─ " : "├─ "), before + (isLast[place] ? "   " : "│  ")
      )
    }
  }

  private static func time(_ microseconds: Int64?) -> String {
    microseconds.map { durationText(Double($0)) } ?? "-"
  }
}

extension TraceAnswer.Call {
  /// "nginx -> orders HTTP GET /items/7".
  var about: String {
    let what: String =
      if resource.isEmpty {
        "\(type) \(domain)"
      } else {
        resource.lowercased().hasPrefix(type.lowercased()) ? resource : "\(type) \(resource)"
      }
    return "\(name(client)) -> \(name(server)) \(self.protocol) \(what)"
  }

  private func name(_ end: TraceAnswer.End) -> String {
    end.service.isEmpty ? end.ip : end.service
  }

  fileprivate var statusText: String {
    let code = code.map { $0 == 0 ? "" : " \($0)" } ?? ""
    return status + code
  }

  /// How sure its place is; empty for a root.
  fileprivate var sureness: String {
    guard let edge else { return "" }
    return edge.isCertain ? "certain" : "\(Int((edge.confidence * 100).rounded(.down))) %"
  }

  fileprivate var reason: String {
    guard let edge else { return "" }
    var kinds: [String] = []
    for kind in edge.reasons.map(\.kind) where !kinds.contains(kind) { kinds.append(kind) }
    return kinds.joined(separator: ", ")
  }
}
