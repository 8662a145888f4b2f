// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Telemetry

/// What watchers of resources told.
extension CatalogStore {
  static func writeWatched(_ change: CatalogChange, to database: Database) throws {
    switch change {
    case .watched(let identity, let from, let told, let report):
      try database.cachedStatement(
        sql: "INSERT INTO watched VALUES (NULL, ?, ?, ?, ?, ?, 0, 0, ?, ?)"
      ).execute(
        arguments: key(identity) + [from.nanoseconds, told.nanoseconds, Data(report)])
    case .watchedEnded(let identity, let time, let isReplaced):
      try database.cachedStatement(
        sql: """
          UPDATE watched SET valid_to = max(1, ?), replaced = ?
          WHERE kind = ? AND scope_kind = ? AND scope = ? AND id = ? AND valid_to = 0
          """
      ).execute(arguments: [time.nanoseconds, isReplaced ? 1 : 0] + key(identity))
    case .watchedForgotten(let second):
      try database.execute(
        sql: "DELETE FROM watched WHERE valid_to != 0 AND valid_to <= ?",
        arguments: [Int64(second) * 1_000_000_000])
    default: break
    }
  }

  private static func key(_ identity: ResourceIdentity) -> StatementArguments {
    [
      Int(identity.kind.rawValue), Int(identity.scope.kind.rawValue), identity.scope.id,
      identity.id,
    ]
  }

  func watchedResources(
    _ body: (_ report: [UInt8], _ told: Timestamp, _ gone: Timestamp?) -> Void
  ) throws(CatalogError) {
    try reading("what watchers told") { database in
      let rows = try Row.fetchCursor(
        database, sql: "SELECT report, told, valid_to, replaced FROM watched ORDER BY number")
      while let row = try rows.next() {
        guard case .blob(let report) = (row["report"] as DatabaseValue).storage else { continue }
        let end = Timestamp(nanoseconds: try row.number("valid_to"))
        let isGone = try end.nanoseconds != 0 && row.number("replaced") as Int == 0
        body(
          Array(report), Timestamp(nanoseconds: try row.number("told")), isGone ? end : nil)
      }
    }
  }
}
