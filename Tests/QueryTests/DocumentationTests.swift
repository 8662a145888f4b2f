// SPDX-License-Identifier: Apache-2.0

import Query
import Telemetry
import TestSupport
import Testing

@Suite struct DocumentationTests {
  /// The statements of README and docs, as whoever reads them asks: in no database, or in the one that
  /// stands beside them.
  @Test func everyExampleIsUnderstood() throws {
    let examples = try Documentation.statements()
    #expect(examples.count > 35)
    for example in examples {
      do throws(QueryError) {
        _ = try QueryCompiler.compile(
          example.sql, now: FixedDirectory.now, database: example.database,
          directory: FixedDirectory())
      } catch {
        Issue.record("\(example.sql)\n\(error)")
      }
    }
  }

  /// The error that the page shows is the one that is told.
  @Test func theErrorIsTheOneThatIsShown() throws {
    let text = try Documentation.text("docs/sql.md")
    do throws(QueryError) {
      _ = try QueryCompiler.compile(
        "SELECT Sum(requests) FROM application", now: FixedDirectory.now,
        directory: FixedDirectory())
      Issue.record("the statement was taken")
    } catch {
      for line in error.description.split(separator: "\n") {
        #expect(text.contains("    \(line)"), "\(line)")
      }
    }
  }

  @Test func aTableOfAnotherDatabaseIsNamedWithIt() throws {
    do throws(QueryError) {
      _ = try QueryCompiler.compile(
        "SELECT Sum(request) FROM application", now: FixedDirectory.now, database: "flow_log",
        directory: FixedDirectory())
      Issue.record("the table was found")
    } catch {
      #expect(error.message.contains("flow_metrics.application"), "\(error)")
    }
  }

  /// Likewise a table, and a kind of metric.
  @Test func everyTableAndKindOfMetricIsDescribed() throws {
    let text = try Documentation.text("docs/sql.md")
    for table in TableDeclaration.builtIn {
      let name = table.name.split(separator: ".")[0]
      #expect(text.contains("`\(table.database).\(name)"), "\(table.qualifiedName)")
    }
    for kind in MetricDeclaration.Kind.allCases {
      #expect(text.contains("| \(kind.rawValue) |"), "\(kind.rawValue)")
    }
  }

  /// A function that nobody can read about is as good as none.
  @Test func everyFunctionIsDescribed() throws {
    let text = try Documentation.text("docs/sql.md")
    for function in FunctionDeclaration.builtIn {
      #expect(text.contains(function.name + "("), "\(function.name)")
    }
  }
}
