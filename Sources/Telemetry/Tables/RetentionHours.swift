// SPDX-License-Identifier: Apache-2.0

/// How long each table keeps its rows: what it is declared with, unless it is told otherwise.
package struct RetentionHours: Hashable, Sendable {
  private var hours: [String: UInt32] = [:]

  package init() {}

  package subscript(table: TableDeclaration) -> UInt32 {
    get { hours[table.qualifiedName] ?? table.retentionHours }
    set { hours[table.qualifiedName] = newValue }
  }

  /// The tables as they are kept.
  package func applied(to tables: [TableDeclaration]) -> [TableDeclaration] {
    tables.map { table in
      var table = table
      table.retentionHours = self[table]
      return table
    }
  }
}
