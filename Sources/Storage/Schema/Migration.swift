// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A table as the engine has it.
struct StoredTable: Hashable {
  var comment: String
  /// The engine's own description, in which the settings stand. Stores of the first version have a time
  /// to live in it.
  var definition: String
  /// Types by column name.
  var columns: [String: String]
}

/// What it takes to bring stored tables to their declared form. Pure: looks at both, changes none.
enum Migration {
  /// The statements to run, in order. Nothing when the store is up to date.
  ///
  /// - Parameter stored: By qualified name.
  static func statements(
    for tables: [TableDeclaration], stored: [String: StoredTable]
  ) throws(StorageError) -> [String] {
    var statements: [String] = []
    var databases: Set<String> = []
    for table in tables {
      guard let existing = stored[table.qualifiedName] else {
        if databases.insert(table.database).inserted {
          statements.append("CREATE DATABASE IF NOT EXISTS \(quoted(table.database))")
        }
        statements.append(table.creation)
        continue
      }
      statements += try changes(of: table, from: existing)
    }
    // Behind the tables that they read.
    for table in tables {
      guard let dictionary = table.dictionary, let creation = table.dictionaryCreation,
        stored[dictionary.qualifiedName]?.comment != table.comment
      else { continue }
      statements.append(creation)
    }
    return statements
  }

  private static func changes(
    of table: TableDeclaration, from stored: StoredTable
  ) throws(StorageError) -> [String] {
    guard let version = TableDeclaration.storedVersion(comment: stored.comment) else {
      throw .incompatibleStore(table: table.qualifiedName, reason: "MetaFlow did not create it")
    }
    guard version <= table.version else {
      throw .newerStore(table: table.qualifiedName, stored: version, known: table.version)
    }
    for column in table.columns {
      guard let type = stored.columns[column.name], type != table.engineType(of: column) else {
        continue
      }
      throw .incompatibleStore(
        table: table.qualifiedName,
        reason: "column \(column.name) has type \(type), not \(table.engineType(of: column))")
    }
    var clauses: [String] = []
    if version < table.version { clauses += columnChanges(of: table, from: stored) }
    // Retention drops what is too old. The engine would by its clock alone, wherever that is set to.
    var statements: [String] = []
    if stored.definition.contains(" TTL ") {
      statements.append("ALTER TABLE \(table.quotedName) REMOVE TTL")
    }
    // A statement of their own: the engine refuses settings beside other changes.
    let settings = TableDeclaration.settings.filter { !stored.definition.contains($0) }
    if !settings.isEmpty {
      statements.append(
        "ALTER TABLE \(table.quotedName) MODIFY SETTING \(settings.joined(separator: ", "))")
    }
    if !clauses.isEmpty {
      statements.append("ALTER TABLE \(table.quotedName) \(clauses.joined(separator: ", "))")
    }
    // The version comes last: a migration that breaks off is done again.
    if version < table.version {
      statements.append(
        "ALTER TABLE \(table.quotedName) MODIFY COMMENT \(literal(table.comment))")
    }
    return statements
  }

  private static func columnChanges(
    of table: TableDeclaration, from stored: StoredTable
  ) -> [String] {
    var clauses: [String] = []
    var previous: ColumnDeclaration?
    for column in table.columns {
      if stored.columns[column.name] != nil {
        clauses.append("MODIFY COLUMN \(table.definition(of: column))")
      } else {
        let place = previous.map { "AFTER \(quoted($0.name))" } ?? "FIRST"
        clauses.append("ADD COLUMN IF NOT EXISTS \(table.definition(of: column)) \(place)")
      }
      previous = column
    }
    for index in table.columns.compactMap(\.indexDefinition) {
      clauses.append(
        "ADD \(index.replacing("INDEX ", with: "INDEX IF NOT EXISTS ", maxReplacements: 1))")
    }
    return clauses
  }
}
