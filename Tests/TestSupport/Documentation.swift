// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What README and docs show to be typed in.
package enum Documentation {
  /// A statement, and the `db` that it is sent with; empty where none is.
  package struct Statement: Sendable {
    package var sql: String
    package var database: String
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..")

  package static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// README and every page below docs, by path.
  package static func pages() throws -> [String] {
    let found = FileManager.default.enumerator(atPath: root.appending(path: "docs").path)
    let pages = found?.compactMap { $0 as? String }.filter { $0.hasSuffix(".md") } ?? []
    return ["README.md"] + pages.sorted().map { "docs/" + $0 }
  }

  /// Every statement of every page: in `sql` blocks, behind `metaflow query` and in curl's forms.
  package static func statements() throws -> [Statement] {
    try pages().flatMap { page in
      let text = try text(page)
      return blocks(text).map { Statement(sql: $0, database: "") } + commands(text)
        + (try forms(text))
    }
  }

  /// The statements of `sql` blocks: each begins with SELECT or SHOW.
  package static func blocks(_ text: String) -> [String] {
    var examples: [String] = []
    var isInside = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("```") {
        isInside = line == "```sql"
      } else if isInside {
        if line.hasPrefix("SELECT ") || line.hasPrefix("SHOW ") {
          examples.append(String(line))
        } else if !examples.isEmpty {
          examples[examples.count - 1] += "\n" + line
        }
      }
    }
    return examples
  }

  private static func commands(_ text: String) -> [Statement] {
    let single = text.matches(of: /metaflow query '((?:SELECT|SHOW)[^']*)'/).map(\.1)
    let double = text.matches(of: /metaflow query "((?:SELECT|SHOW)[^"]*)"/).map(\.1)
    return (single + double).map { Statement(sql: String($0), database: "") }
  }

  private static func forms(_ text: String) throws -> [Statement] {
    text.matches(of: /(?:-d db=([a-z_]+)\s+(?:\\\s+)?)?-d 'sql=([^']*)'/).map {
      Statement(sql: String($0.2), database: String($0.1 ?? ""))
    }
  }

  /// The paths that curl is shown to get.
  package static func paths() throws -> [String] {
    try pages().flatMap { page in
      try text(page).matches(of: /curl '?http:\/\/127\.0\.0\.1:20416(\/[^\s'`]*)/)
        .map { String($0.1) }.filter { $0 != "/v1/query/" }
    }
  }

  /// The lines of a help text, or of a page, that call `metaflow`: their words, up to a pipe.
  package static func calls(of program: String, in text: String) -> [[String]] {
    var calls: [[String]] = []
    var line = ""
    for part in text.replacing("\\\n", with: " ").split(separator: "\n") {
      // A quote that is open goes on in the next line.
      line += (line.isEmpty ? "" : " ") + part.trimmingPrefix { $0 == " " }
      let isCall = line.hasPrefix(program + " ")
      if isCall, !line.count(where: { $0 == "'" }).isMultiple(of: 2) { continue }
      let words = words(line)
      line = ""
      if isCall, words.count > 1, words[1].allSatisfy(\.isLowercase) { calls.append(words) }
    }
    return calls
  }

  /// As a shell splits them, as far as examples need: blanks and quotes.
  private static func words(_ line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == " " {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else if character == "|" || character == "#" {
        break
      } else {
        word.append(character)
      }
    }
    return word.isEmpty ? words : words + [word]
  }
}
