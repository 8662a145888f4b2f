// SPDX-License-Identifier: Apache-2.0

package import Catalog
internal import Telemetry

/// A query's text to the engine's statement. Pure: the same text, directory and moment give the same
/// plan.
package enum QueryCompiler {
  /// What a query turned out to ask for.
  package enum Compiled: Sendable {
    case select(SelectPlan)
    /// Answered from the declarations, without the engine.
    case ready(Answer)
    /// A SHOW that the engine has a part in.
    case show(SelectPlan)
  }

  /// - Parameters:
  ///   - now: What `now()` means: the moment of the request, in seconds.
  ///   - database: Where table names are looked up; empty for everywhere.
  /// - Throws: ``QueryError`` with its place.
  package static func compile(
    _ source: String, now: Int64, database: String = "",
    precision: TableScope.Precision = .minute, directory: any TagDirectory
  ) throws(QueryError) -> Compiled {
    let statement = try Parser.parse(source)
    do throws(QueryError) {
      return try compile(
        statement: statement, now: now, database: database, precision: precision,
        directory: directory)
    } catch {
      throw error.located(in: source)
    }
  }

  /// The same of a statement that was read, or made, before.
  ///
  /// - Throws: ``QueryError`` with its offset in the text, where there is one.
  package static func compile(
    statement: Statement, now: Int64, database: String = "",
    precision: TableScope.Precision = .minute, directory: any TagDirectory
  ) throws(QueryError) -> Compiled {
    try TableScope.check(database: database, at: nil)
    switch statement {
    case .select(let select):
      let table = try TableScope.table(select.table, database: database, precision: precision)
      let scope = TableScope(table: table, directory: directory, now: now)
      return .select(try SelectBinder(scope: scope, select: select).plan())
    case .show(let show):
      return try ShowBinder(
        database: database, precision: precision, directory: directory, now: now
      ).answer(show)
    }
  }
}
