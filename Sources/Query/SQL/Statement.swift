// SPDX-License-Identifier: Apache-2.0

/// A parsed statement: names not yet looked up.
package enum Statement: Hashable, Sendable {
  case select(SelectStatement)
  case show(ShowStatement)
}

/// A name with its place.
package struct Name: Hashable, Sendable {
  package var text: String
  package var offset: Int

  package static func == (left: Name, right: Name) -> Bool { left.text == right.text }

  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

package struct SelectStatement: Hashable, Sendable {
  package struct Item: Hashable, Sendable {
    package var expression: Expression
    package var alias: Name?
    /// What heads the column: the alias, or else the expression as it was written.
    package var heading: String

    package static func == (left: Item, right: Item) -> Bool {
      left.expression == right.expression && left.alias == right.alias
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(expression)
      hasher.combine(alias)
    }
  }

  package struct Order: Hashable, Sendable {
    package var expression: Expression
    package var descending: Bool
  }

  package var items: [Item]
  /// Whether rows that read the same are one.
  package var isDistinct = false
  package var table: Name
  package var condition: Expression?
  package var grouping: [Expression] = []
  package var having: Expression?
  package var order: [Order] = []
  package var seriesLimit: SeriesLimit?
  package var limit: Limit?
}

/// SLIMIT: how many series of a grouped query are answered, and which.
package struct SeriesLimit: Hashable, Sendable {
  package var series: UInt64
  /// What series are ranked by; nil for the first aggregate, largest first.
  package var order: SelectStatement.Order?
}

/// LIMIT and OFFSET, already inside their bounds.
package struct Limit: Hashable, Sendable {
  package var rows: UInt64
  package var skipped: UInt64 = 0
}

package struct ShowStatement: Hashable, Sendable {
  package enum Subject: Hashable, Sendable {
    case databases
    case tables(database: Name?)
    case tags(Name)
    /// What is stored, and what `SELECT *` shows besides the tags.
    case columns(Name)
    case tagValues(Name, table: Name?)
    case metrics(table: Name?)
    case functions
    /// The numbers and names of an enumeration, whatever table has it.
    case enumeration(Name)
  }

  package var subject: Subject
  package var condition: Expression?
  package var order: [SelectStatement.Order] = []
  package var limit: Limit?
}
