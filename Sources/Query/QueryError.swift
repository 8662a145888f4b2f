// SPDX-License-Identifier: Apache-2.0

/// Why a query was not answered: what is wrong, where in the text, and what to write instead.
package struct QueryError: Error, Hashable, Sendable {
  /// Whose fault it is, and so which status a caller answers with.
  package enum Kind: String, Hashable, Sendable {
    /// The text is not a statement of the dialect.
    case syntax
    /// A table, column, function or value that is not declared.
    case unknownName = "unknown_name"
    /// Known names in a combination that has no meaning.
    case misuse
    /// More than the limits allow.
    case limit
    /// The store did not answer.
    case backend
  }

  /// A place in the query's text, for people: both numbers begin at 1 and count characters.
  package struct Place: Hashable, Sendable {
    package var line: Int
    package var column: Int
    /// The line's text, shortened around the column when it is long.
    package var excerpt: String
    /// Where in `excerpt` the caret goes, from 0.
    package var caret: Int
  }

  package var kind: Kind
  package var message: String
  /// Known names near to the unknown one, nearest first; at most three.
  package var suggestions: [String]
  /// UTF-8 offset in the query; nil when the fault has no place.
  package var offset: Int?
  /// Filled in by ``located(in:)``.
  package var place: Place?

  package init(
    _ kind: Kind, _ message: String, at offset: Int? = nil, suggestions: [String] = []
  ) {
    self.kind = kind
    self.message = message
    self.offset = offset
    self.suggestions = suggestions
  }

  /// The same error with its place worked out from the query's text.
  package func located(in source: String) -> QueryError {
    guard place == nil, let offset else { return self }
    var copy = self
    copy.place = Place(offset: offset, in: source)
    return copy
  }
}

extension QueryError.Place {
  /// Longest excerpt shown, in characters.
  private static let excerptLength = 100

  fileprivate init(offset: Int, in source: String) {
    let bytes = source.utf8
    let byte = bytes.index(bytes.startIndex, offsetBy: min(max(0, offset), bytes.count))
    // An offset inside a character means the character.
    var index = byte
    while index.samePosition(in: source) == nil { index = bytes.index(before: index) }
    let before = source[..<index]
    let lineStart =
      before.lastIndex(where: \.isNewline).map(source.index(after:))
      ?? source.startIndex
    let rest = source[index...]
    let lineEnd = rest.firstIndex(where: \.isNewline) ?? source.endIndex
    line = before.count(where: \.isNewline) + 1
    let columnsBefore = source[lineStart..<index].count
    column = columnsBefore + 1
    let text = Array(source[lineStart..<lineEnd])
    let from = max(0, min(columnsBefore - Self.excerptLength / 2, text.count - Self.excerptLength))
    excerpt = String(text[from..<min(text.count, from + Self.excerptLength)])
    caret = columnsBefore - from
  }
}

extension QueryError: CustomStringConvertible {
  /// Several lines: the message with its place and suggestions, the line, and a caret below it.
  package var description: String {
    var text = message
    if !suggestions.isEmpty {
      text += "; did you mean " + suggestions.map { "'\($0)'" }.joined(separator: " or ") + "?"
    }
    guard let place else { return text }
    let caret = String(repeating: " ", count: place.caret) + "^"
    return "line \(place.line), column \(place.column): \(text)\n  \(place.excerpt)\n  \(caret)"
  }
}
