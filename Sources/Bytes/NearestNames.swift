// SPDX-License-Identifier: Apache-2.0

/// The known names that someone who wrote another one may have meant.
package enum NearestNames {
  /// Longest name compared; longer ones get no suggestion.
  private static let longest = 64

  /// At most three of `known`, nearest first: an edit in every third character is let pass, and
  /// a name that contains the wanted one counts as near.
  package static func of(_ wanted: String, in known: some Sequence<String>) -> [String] {
    let wanted = Array(wanted.lowercased().utf8)
    guard !wanted.isEmpty, wanted.count <= longest else { return [] }
    let bound = max(1, wanted.count / 3)
    var ranked: [(distance: Int, name: String)] = []
    for name in known where name.utf8.count <= longest {
      let candidate = Array(name.lowercased().utf8)
      let distance = editDistance(wanted, candidate)
      if distance <= bound {
        ranked.append((distance, name))
      } else if wanted.count >= 4, candidate.starts(with: wanted) {
        ranked.append((bound + 1, name))
      }
    }
    ranked.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    var names: [String] = []
    for entry in ranked where !names.contains(entry.name) { names.append(entry.name) }
    return Array(names.prefix(3))
  }

  /// Levenshtein distance with a swap of neighbours as one edit, by rows.
  private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before = Array(0...right.count)
    var previous = before
    var row = before
    for i in 0..<left.count {
      row[0] = i + 1
      for j in 0..<right.count {
        var cost = min(row[j] + 1, previous[j + 1] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, before[j - 1] + 1)
        }
        row[j + 1] = cost
      }
      (before, previous, row) = (previous, row, before)
    }
    return previous[right.count]
  }
}
