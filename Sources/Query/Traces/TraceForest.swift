// SPDX-License-Identifier: Apache-2.0

/// Calls with the cause that was chosen for each: a forest.
struct TraceForest {
  let calls: [TraceCall]
  let clocks: HostClocks
  /// By call; nil for a root.
  private(set) var causes: [TraceCause?]
  /// Why a root has no cause although there are candidates: it would have caused itself.
  private(set) var wouldBeRings: Set<Int> = []
  let duplicates: Int
  private(set) var children: [[Int]]
  /// When each process served a request, by its host's clock.
  let requests: [TraceProcess: [ClosedRange<Int64>]]

  private let isWhole: Bool
  /// The calls that carry each trace id.
  private let byTrace: [String: [Int]]

  /// - Parameters:
  ///   - origin: The agent whose clock the others are brought to.
  ///   - isWhole: Whether nothing that may speak for another cause was left out.
  init(_ records: [TraceRecord], origin: UInt64, isWhole: Bool = true) {
    self.isWhole = isWhole
    let folding = HopFolding(records)
    calls = folding.calls
    duplicates = folding.duplicates
    clocks = HostClocks(folding.calls, from: origin)
    causes = Array(repeating: nil, count: calls.count)
    children = Array(repeating: [], count: calls.count)
    var requests: [TraceProcess: [ClosedRange<Int64>]] = [:]
    for record in calls.lazy.compactMap(\.served) {
      guard let process = record.callee else { continue }
      requests[process, default: []].append(record.start...max(record.start, record.end))
    }
    self.requests = requests
    var byTrace: [String: [Int]] = [:]
    for index in calls.indices {
      for trace in calls[index].traces { byTrace[trace, default: []].append(index) }
    }
    self.byTrace = byTrace
    choose(search)
    let starts = calls.indices.map { clocks.start(calls[$0].outer) }
    for (child, cause) in causes.enumerated() {
      if let cause { children[cause.parent].append(child) }
    }
    for parent in children.indices {
      children[parent].sort { (starts[$0], calls[$0].id) < (starts[$1], calls[$1].id) }
    }
  }

  /// The surest edges first, so that of those that would close a ring the least sure one is left out.
  private mutating func choose(_ search: CauseSearch) {
    var edges: [(child: Int, cause: TraceCause)] = []
    for child in calls.indices {
      edges += search.causes(of: child).map { (child, $0) }
    }
    func order(_ edge: (child: Int, cause: TraceCause)) -> (Double, UInt64, UInt64) {
      (-edge.cause.confidence, calls[edge.child].id, ~calls[edge.cause.parent].id)
    }
    var isFirst = Set<Int>()
    // Of each call, the likeliest candidate alone, and others only where that one would close a ring.
    let best = edges.filter { isFirst.insert($0.child).inserted }.sorted { order($0) < order($1) }
    let others = Dictionary(grouping: edges, by: \.child)
    var trees = DisjointSets(calls.count)
    for edge in best {
      for candidate in others[edge.child] ?? [] {
        guard trees.find(candidate.cause.parent) != trees.find(edge.child) else {
          wouldBeRings.insert(edge.child)
          continue
        }
        trees.unite(candidate.cause.parent, edge.child)
        causes[edge.child] = candidate.cause
        break
      }
    }
    wouldBeRings = wouldBeRings.filter { causes[$0] == nil }
  }

  var search: CauseSearch { CauseSearch(calls, clocks: clocks, isWhole: isWhole) }

  func root(of call: Int) -> Int {
    var here = call
    while let cause = causes[here] { here = cause.parent }
    return here
  }

  /// A tree's calls, each before those that it caused, with how deep they are.
  func tree(_ root: Int) -> [(call: Int, depth: Int)] {
    var found: [(call: Int, depth: Int)] = []
    var stack = [(root, 0)]
    while let (call, depth) = stack.popLast() {
      found.append((call, depth))
      for child in children[call].reversed() { stack.append((child, depth + 1)) }
    }
    return found
  }

  /// The roots of the trees that belong to the trace of `seeds`: theirs, and those in which a call
  /// carries a trace id of one of them. The seeds' own come first.
  func roots(of seeds: [Int]) -> [Int] {
    var found: [Int] = []
    var known: Set<Int> = []
    var traces: Set<String> = []
    var queue = seeds.map(root(of:))
    while !queue.isEmpty {
      var next: [Int] = []
      for root in queue where known.insert(root).inserted {
        found.append(root)
        for (call, _) in tree(root) {
          for trace in calls[call].traces where traces.insert(trace).inserted {
            next += (byTrace[trace] ?? []).map(self.root(of:))
          }
        }
      }
      queue = next.sorted {
        (clocks.start(calls[$0].outer), calls[$0].id) < (
          clocks.start(calls[$1].outer), calls[$1].id
        )
      }
    }
    return found
  }
}

/// Which calls hang together.
private struct DisjointSets {
  private var parents: [Int]

  init(_ count: Int) { parents = Array(0..<count) }

  mutating func find(_ element: Int) -> Int {
    var here = element
    while parents[here] != here {
      parents[here] = parents[parents[here]]
      here = parents[here]
    }
    return here
  }

  mutating func unite(_ parent: Int, _ child: Int) { parents[find(child)] = find(parent) }
}
