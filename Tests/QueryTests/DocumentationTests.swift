// SPDX-License-Identifier: Apache-2.0

import Foundation
import Query
import Telemetry
import Testing

@Suite struct DocumentationTests {
  /// The statements in the `sql` blocks of docs/sql.md: each begins with SELECT or SHOW.
  static func examples() throws -> [String] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/sql.md")
    var examples: [String] = []
    var isInside = false
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("```") {
        isInside = line == "```sql"
      } else if isInside {
        if line.hasPrefix("SELECT ") || line.hasPrefix("SHOW ") {
          examples.append(String(line))
        } else {
          examples[examples.count - 1] += "\n" + line
        }
      }
    }
    return examples
  }

  @Test func everyExampleIsUnderstood() throws {
    let examples = try Self.examples()
    #expect(examples.count > 20)
    for example in examples {
      do throws(QueryError) {
        _ = try QueryCompiler.compile(example, directory: FixedDirectory())
      } catch {
        Issue.record("\(example)\n\(error)")
      }
    }
  }

  /// Likewise a table, and a kind of metric.
  @Test func everyTableAndKindOfMetricIsDescribed() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/sql.md")
    let text = try String(contentsOf: file, encoding: .utf8)
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
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/sql.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    for function in FunctionDeclaration.builtIn {
      #expect(text.contains(function.name + "("), "\(function.name)")
    }
  }
}
