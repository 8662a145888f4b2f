// SPDX-License-Identifier: Apache-2.0

/// When the calls of a tree were, and whose time it was.
struct TraceTimes {
  /// By place in the tree: the call as its client saw it, and as its server did.
  private let outer: [ClosedRange<Int64>]
  private let inner: [ClosedRange<Int64>]
  private let children: [[Int]]

  /// - Parameter children: By place.
  init(outer: [ClosedRange<Int64>], inner: [ClosedRange<Int64>], children: [[Int]]) {
    (self.outer, self.inner, self.children) = (outer, inner, children)
  }

  /// What the server spent on the call and not in waiting for a call that it made for it. Calls at
  /// one time count once.
  func selfTime(_ call: Int) -> Int64 {
    let whole = inner[call]
    var (covered, reached) = (Int64(0), whole.lowerBound)
    for part in children[call].map({ outer[$0].clamped(to: whole) })
      .sorted(by: { $0.lowerBound < $1.lowerBound })
    where part.upperBound > reached {
      covered += part.upperBound - max(reached, part.lowerBound)
      reached = part.upperBound
    }
    return whole.upperBound - whole.lowerBound - covered
  }

  /// The calls that the end of `root` waited for, with the time that it waited for each alone: from the
  /// end backwards, always the one that ended last.
  func criticalPath(_ root: Int) -> [Int: Int64] {
    var path: [Int: Int64] = [:]
    var stack = [(call: root, until: outer[root].upperBound)]
    while let (call, until) = stack.popLast() {
      let begin = outer[call].lowerBound
      var time = until
      var own: Int64 = 0
      for child in children[call].sorted(by: {
        (outer[$0].upperBound, $0) > (outer[$1].upperBound, $1)
      }
      ) {
        let end = min(outer[child].upperBound, until)
        let start = max(outer[child].lowerBound, begin)
        guard end <= time, start < end else { continue }
        own += time - end
        stack.append((child, end))
        time = start
      }
      path[call] = own + max(0, time - begin)
    }
    return path
  }
}
