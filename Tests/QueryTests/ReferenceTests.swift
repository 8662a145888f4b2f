// SPDX-License-Identifier: Apache-2.0

import Foundation
import Query
import Storage
import Telemetry
import Testing

/// Every name that a query may use stands on docs/reference/names.md, which is written from the
/// declarations. `METAFLOW_UPDATE_SCRIPTS=1` writes the page anew, for a person to review.
@Suite struct ReferenceTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../docs/reference/names.md")

  @Test func thePageIsWhatIsDeclared() throws {
    let wanted = try text()
    if ProcessInfo.processInfo.environment["METAFLOW_UPDATE_SCRIPTS"] == "1" {
      try wanted.write(to: Self.page, atomically: true, encoding: .utf8)
    }
    let written = try String(contentsOf: Self.page, encoding: .utf8)
    #expect(
      written == wanted,
      "write the page anew: METAFLOW_UPDATE_SCRIPTS=1 swift test --filter ReferenceTests")
  }

  /// Whatever SHOW and `SELECT *` tell of a table stands there.
  @Test func everyNameStandsOnThePage() throws {
    let written = try String(contentsOf: Self.page, encoding: .utf8)
    for table in TableDeclaration.builtIn {
      for subject in ["tags", "metrics", "columns"] {
        for row in try rows("SHOW \(subject) FROM `\(table.qualifiedName)`") {
          #expect(written.contains("`\(row[0])`"), "\(row[0]) of \(table.qualifiedName)")
        }
      }
    }
  }

  private func rows(_ query: String) throws -> [[String]] {
    guard
      case .ready(let answer) = try QueryCompiler.compile(
        query, now: FixedDirectory.now, directory: FixedDirectory())
    else { return [] }
    return answer.rows.map { row in
      row.map { if case .string(let text) = $0 { text } else { "\($0)" } }
    }
  }

  // MARK: The page

  private func text() throws -> String {
    var page = """
      # Names

      What a query may name, table by table. Written from the declarations by the tests; how the names are used stands in
      [the SQL dialect](../sql.md).

      A tag with sides is written `name_0` for the client and `name_1` for the server in a table of two sides, and without a suffix
      in a table of one side; a condition takes it without one everywhere. Metrics go into functions, such as `Sum(request)`. Columns are
      what is stored: `SELECT *` shows those that are no tags, and any can be selected by its name.

      """
    page += "\n## Tags\n\n| tag | sides | type | in | is |\n|---|---|---|---|---|\n"
    for tag in TagDeclaration.builtIn {
      let tables = try Self.tables.filter { table in
        try rows("SHOW tags FROM `\(table.0)`").contains { $0[0] == tag.name }
      }
      guard !tables.isEmpty else { continue }
      let names = tag.values.map { "\($0.number) \($0.name)" }.joined(separator: ", ")
      page +=
        "| `\(tag.name)` | \(tag.hasSides ? "`_0`, `_1`" : "") | \(tag.kind.rawValue) | "
        + "\(tables.map(\.1).joined(separator: ", ")) | \(tag.about)"
        + (names.isEmpty ? "" : " \(names).") + " |\n"
    }
    page += "\n## Metrics\n\n| metric | type | unit | in | is |\n|---|---|---|---|---|\n"
    for metric in MetricDeclaration.builtIn {
      let tables = Self.tables.filter { table in
        TableDeclaration.builtIn.contains {
          $0.qualifiedName == table.0 && metric.definition(in: $0) != nil
        }
      }
      guard !tables.isEmpty else { continue }
      page +=
        "| `\(metric.name)` | \(metric.kind.rawValue) | \(metric.unit) | "
        + "\(tables.map(\.1).joined(separator: ", ")) | \(metric.about) |\n"
    }
    page += "\n## Columns\n"
    for table in TableDeclaration.builtIn where [0, 60].contains(table.interval) {
      let name = table.interval == 60 ? table.name.replacing(".1m", with: "") : table.name
      page +=
        "\n### `\(table.database).\(name)`\n\n\(table.about)\n\n| column | type | is |\n|---|---|---|\n"
      for row in try rows("SHOW columns FROM `\(table.qualifiedName)`") {
        page += "| `\(row[0])` | \(row[1]) | \(row[2]) |\n"
      }
    }
    return page
  }

  /// Tables by qualified name and by what the page calls them: all intervals have the same names.
  private static let tables: [(String, String)] = TableDeclaration.builtIn
    .filter { [0, 60].contains($0.interval) }
    .map { ($0.qualifiedName, $0.name.replacing(".1m", with: "")) }
}
