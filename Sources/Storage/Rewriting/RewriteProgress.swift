// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How far a table is that is brought into another order.
package struct RewriteProgress: Hashable, Sendable {
  /// `database.name`.
  package var table: String
  /// Rows that are in the new order, and all that are to be.
  package var done: Int
  package var rows: Int
}

/// What a partition was like when it was looked at. Equal to a later look's when no row came or went
/// meanwhile, whatever was merged.
struct PartitionState: Hashable {
  var id: String
  var rows: Int
  var bytes: Int
  /// The number of the latest insert, and of the latest change of rows.
  var latestInsert: Int
  var latestChange: Int

  static func == (one: Self, other: Self) -> Bool {
    one.id == other.id && one.rows == other.rows && one.latestInsert == other.latestInsert
      && one.latestChange == other.latestChange
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(id)
    hasher.combine(rows)
    hasher.combine(latestInsert)
    hasher.combine(latestChange)
  }
}

extension TableDeclaration {
  /// Where the rows are written in the declared order, until it has all of them.
  var rewritten: TableDeclaration {
    var table = self
    table.name += ".rewriting"
    return table
  }

  /// The table whose inserts bring this one's rows.
  var written: String { derivedFrom.map { database + "." + $0 } ?? qualifiedName }
}
