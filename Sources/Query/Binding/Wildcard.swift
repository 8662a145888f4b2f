// SPDX-License-Identifier: Apache-2.0

/// A pattern of LIKE: `*` and `%` stand for any text, case does not matter.
struct Wildcard {
  private let pattern: [Unicode.Scalar]
  private let written: String

  init(_ pattern: String) {
    written = pattern
    self.pattern = Array(pattern.lowercased().unicodeScalars)
  }

  /// By scalars, as the engine looks: behind a mark that joins it, `*` is still itself.
  private static func isAny(_ scalar: Unicode.Scalar) -> Bool { scalar == "*" || scalar == "%" }

  /// Matches the whole of `text`, in time of the product of both lengths at worst.
  func matches(_ text: String) -> Bool {
    let text = Array(text.lowercased().unicodeScalars)
    var (at, position) = (0, 0)
    var retry: (at: Int, position: Int)?
    while position < text.count {
      if at < pattern.count, Self.isAny(pattern[at]) {
        retry = (at, position)
        at += 1
      } else if at < pattern.count, pattern[at] == text[position] {
        at += 1
        position += 1
      } else if let last = retry {
        retry = (last.at, last.position + 1)
        at = last.at + 1
        position = last.position + 1
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy(Self.isAny)
  }

  /// The same for the engine's ILIKE, where `_` and `\` would mean something else.
  var enginePattern: String {
    var engine = ""
    for scalar in written.unicodeScalars {
      switch scalar {
      case "*": engine += "%"
      case "_": engine += "\\_"
      case "\\": engine += "\\\\"
      default: engine.unicodeScalars.append(scalar)
      }
    }
    return engine
  }
}
