// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Storage
package import Telemetry

/// Answers queries: compiles them, asks the store, and gives the answer its names.
package struct QueryService: Sendable {
  private let backend: any StorageBackend
  private var limits: QueryLimits
  private let kept: RetentionHours

  /// - Parameters:
  ///   - limits: What the engine may spend on one statement.
  ///   - kept: How long rows are kept, by which a table is chosen.
  package init(
    backend: any StorageBackend, limits: QueryLimits = QueryLimits(seconds: 60),
    kept: RetentionHours = RetentionHours()
  ) {
    self.backend = backend
    self.limits = limits
    self.kept = kept
  }

  /// Seconds of a range up to which one statement reads minutes if they are kept: the ends of longer ones
  /// matter less than what they cost.
  private static let longestByMinute: Int64 = 7 * 86_400

  /// The service with answers that count against a budget they have in common with others'.
  package func sharing(_ share: AnswerShare) -> QueryService {
    var service = self
    service.limits.share = share
    return service
  }

  /// Answers one query.
  ///
  /// - Parameters:
  ///   - now: What `now()` means: the moment of the request, in seconds.
  ///   - database: Where table names are looked up; empty for everywhere.
  ///   - precision: Which metrics tables are read when the query names no interval; nil for those that
  ///     fit its range.
  ///   - bounds: What is added to the statement.
  ///   - directory: The catalog, taken now: what numbers stand for in rows that are stored.
  /// - Throws: ``QueryError``; one of the query's text has its place.
  package func run(
    _ sql: String, now: Int64, database: String = "",
    precision: TableScope.Precision? = .minute, bounds: RequestBounds = RequestBounds(),
    directory: any TagDirectory
  ) async throws(QueryError) -> Answer {
    var statement = try Parser.parse(sql)
    var added = RequestBounds.Added()
    do throws(QueryError) {
      if case .select(var select) = statement {
        let table = try TableScope.table(select.table, database: database, precision: .minute)
        added = bounds.add(to: &select, of: table)
        statement = .select(select)
      }
      var answer = try await run(statement, now, database, precision, directory)
      answer.added = added
      return answer
    } catch {
      throw error.located(in: sql)
    }
  }

  private func run(
    _ statement: Statement, _ now: Int64, _ database: String, _ precision: TableScope.Precision?,
    _ directory: any TagDirectory
  ) async throws(QueryError) -> Answer {
    func compile(
      _ precision: TableScope.Precision
    ) throws(QueryError) -> QueryCompiler.Compiled {
      try QueryCompiler.compile(
        statement: statement, now: now, database: database, precision: precision,
        directory: directory)
    }
    var fine = precision ?? .minute
    if precision == nil, case .select(let plan) = try compile(fine),
      let first = plan.range?.first
    {
      let time = first...max(first, plan.range?.last ?? now)
      // One statement reads one table, whose intervals are cut at neither end.
      let isShort = time.upperBound - time.lowerBound <= Self.longestByMinute
      fine = .fitting(time, now: now, step: isShort ? 60 : plan.step, kept: kept)
    }
    switch try compile(fine) {
    case .ready(let answer): return answer
    case .show(let plan), .select(let plan): return try await answer(plan)
    }
  }

  /// Answers a statement of this program's own, in which every time is a number.
  func run(
    _ sql: String, directory: any TagDirectory
  ) async throws(QueryError) -> Answer {
    try await run(sql, now: 0, directory: directory)
  }

  private func answer(_ plan: SelectPlan) async throws(QueryError) -> Answer {
    let found = try await ask(plan.sql)
    return Answer(
      columns: plan.columns,
      content: plan.fill.map { .rows($0.fill(found.table.rows)) } ?? .table(found.table),
      range: plan.range, rowsRead: found.rowsRead, bytesRead: found.bytesRead)
  }

  func ask(_ sql: EngineSQL) async throws(QueryError) -> QueryAnswer {
    do throws(StorageError) {
      return try await backend.query(sql.text, limits: limits)
    } catch {
      throw QueryError(error)
    }
  }
}

// MARK: What is missing from an answer

/// What a stage dropped for one reason.
package struct LossSummary: Hashable, Sendable {
  package var stage: String
  package var reason: String
  package var dropped: UInt64
}

extension QueryService {
  /// What the pipeline lost in a stretch of time, worst first; at most 100 lines.
  ///
  /// - Parameter range: An open end means from the first or to the last entry of the ledger; nil, of
  ///   an answer that is made of no rows, means that nothing can be missing.
  package func losses(in range: TimeRange?) async throws(QueryError) -> [LossSummary] {
    guard let range else { return [] }
    return try await ask(Self.lossStatement(range)).table.rows.compactMap { row in
      guard row.count == 3, case .string(let stage) = row[0], case .string(let reason) = row[1]
      else { return nil }
      switch row[2] {
      case .int(let dropped):
        return LossSummary(stage: stage, reason: reason, dropped: UInt64(clamping: dropped))
      case .uint(let dropped):
        return LossSummary(stage: stage, reason: reason, dropped: dropped)
      default: return nil
      }
    }
  }

  /// The engine's statement behind ``losses(in:)``: stage, reason, dropped.
  package static func lossStatement(_ range: TimeRange) -> EngineSQL {
    let from: EngineSQL = range.first.map { "time >= \(max(0, $0)) AND " } ?? ""
    let to: EngineSQL = range.last.map { "time <= \($0) AND " } ?? ""
    return "SELECT stage, reason, sum(dropped) AS lost FROM \(TableDeclaration.lossLedger) "
      + "WHERE \(from)\(to)dropped > 0 GROUP BY stage, reason "
      + "ORDER BY lost DESC, stage, reason LIMIT 100"
  }
}

extension QueryError {
  /// The engine's number for a pattern that is no regular expression.
  private static let cannotCompileRegexp = 427

  init(_ error: StorageError) {
    switch error {
    case .timedOut, .tooLarge, .outOfMemory:
      self.init(.limit, error.description)
    case .refused(Self.cannotCompileRegexp, let message):
      self.init(.misuse, "a pattern of REGEXP cannot be used: \(message)")
    default:
      self.init(.backend, error.description)
    }
  }
}
