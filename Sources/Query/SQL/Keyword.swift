// SPDX-License-Identifier: Apache-2.0

/// The words that cannot be bare names.
enum Keyword: String, CaseIterable {
  case select, from, `where`, group, by, having, order, limit, offset, show
  case and, or, not, `in`, between, like, regexp, `is`, null, `as`, asc, desc

  init?(_ word: String) {
    guard word.utf8.count <= 8 else { return nil }
    self.init(rawValue: word.lowercased())
  }
}
