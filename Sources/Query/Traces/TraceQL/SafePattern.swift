// SPDX-License-Identifier: Apache-2.0

/// A regular expression that takes time in proportion to the text, whatever it says: all ways through it are
/// followed at once. It has to fit the whole text.
///
/// Known are letters, `.`, classes, `\d \w \s` and their opposites, groups, `|`, `*`, `+`, `?`, counts
/// up to 100, and `(?i)` in front; greedy or not makes no difference to whether a text fits.
struct SafePattern: Hashable, Sendable {
  private enum Step: Hashable, Sendable {
    case scalar(ScalarClass)
    case fork(Int, Int)
    case jump(Int)
    case match
  }

  let text: String
  private var steps: [Step] = []
  private let ignoresCase: Bool
  private static let mostSteps = 5_000
  private static let mostScalars = 4_096

  init(_ text: String, at offset: Int) throws(QueryError) {
    self.text = text
    ignoresCase = text.hasPrefix("(?i)")
    let body = ignoresCase ? String(text.dropFirst(4)) : text
    var reader = PatternReader(Array(body.unicodeScalars), offset: offset)
    let node = try reader.whole()
    try compile(node, offset)
    steps.append(.match)
  }

  private mutating func compile(_ node: PatternNode, _ offset: Int) throws(QueryError) {
    guard steps.count < Self.mostSteps else {
      throw QueryError(.limit, "the pattern is too large", at: offset)
    }
    switch node {
    case .empty: break
    case .scalar(let scalars): steps.append(.scalar(scalars))
    case .sequence(let nodes): for node in nodes { try compile(node, offset) }
    case .choice(let nodes):
      var ends: [Int] = []
      for (index, node) in nodes.enumerated() {
        guard index < nodes.count - 1 else {
          try compile(node, offset)
          break
        }
        let fork = steps.count
        steps.append(.match)
        try compile(node, offset)
        ends.append(steps.count)
        steps.append(.match)
        steps[fork] = .fork(fork + 1, steps.count)
      }
      for end in ends { steps[end] = .jump(steps.count) }
    case .repeated(let inner, let least, let most):
      for _ in 0..<least { try compile(inner, offset) }
      if let most {
        var forks: [Int] = []
        for _ in least..<max(least, most) {
          forks.append(steps.count)
          steps.append(.match)
          try compile(inner, offset)
        }
        for fork in forks { steps[fork] = .fork(fork + 1, steps.count) }
      } else {
        let fork = steps.count
        steps.append(.match)
        try compile(inner, offset)
        steps.append(.jump(fork))
        steps[fork] = .fork(fork + 1, steps.count)
      }
    }
  }

  /// Whether all of `other` fits; a very long one does not.
  func matches(_ other: String) -> Bool {
    var here = Set<Int>()
    follow(0, &here)
    var count = 0
    for scalar in (ignoresCase ? other.lowercased() : other).unicodeScalars {
      count += 1
      guard count <= Self.mostScalars, !here.isEmpty else { return false }
      var next = Set<Int>()
      for place in here {
        guard case .scalar(let scalars) = steps[place] else { continue }
        if scalars.contains(scalar) || ignoresCase && scalars.containsUppercase(of: scalar) {
          follow(place + 1, &next)
        }
      }
      here = next
    }
    return here.contains(steps.count - 1)
  }

  private func follow(_ place: Int, _ places: inout Set<Int>) {
    var stack = [place]
    while let here = stack.popLast() {
      guard places.insert(here).inserted else { continue }
      switch steps[here] {
      case .fork(let one, let other): stack += [one, other]
      case .jump(let next): stack.append(next)
      case .scalar, .match: break
      }
    }
  }
}

/// Some letters, or all but some.
struct ScalarClass: Hashable, Sendable {
  var ranges: [ClosedRange<UInt32>]
  var isNegated = false

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    ranges.contains { $0.contains(scalar.value) } != isNegated
  }

  func containsUppercase(of scalar: Unicode.Scalar) -> Bool {
    let upper = scalar.properties.uppercaseMapping.unicodeScalars
    return upper.count == 1 && upper.first.map(contains) ?? false
  }
}

indirect enum PatternNode: Hashable, Sendable {
  case empty
  case scalar(ScalarClass)
  case sequence([PatternNode])
  case choice([PatternNode])
  case repeated(PatternNode, Int, Int?)
}
