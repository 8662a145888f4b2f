// SPDX-License-Identifier: Apache-2.0

import Query
import Telemetry
import Testing

@Suite struct DeclarationTests {
  /// A tag, a metric or a column: everything that is declared can be asked for.
  @Test(arguments: TableDeclaration.builtIn)
  func everyColumnCanBeSelected(table: TableDeclaration) throws {
    for column in table.columns {
      _ = try QueryCompiler.compile(
        "SELECT `\(column.name)` FROM `\(table.qualifiedName)`", now: FixedDirectory.now,
        directory: FixedDirectory())
    }
    _ = try QueryCompiler.compile(
      "SELECT * FROM \(table.qualifiedName)", now: FixedDirectory.now, directory: FixedDirectory())
  }

  /// What the engine is told to sort, split and index by is there, once.
  @Test(arguments: TableDeclaration.builtIn)
  func aTableNamesItsColumnsOnce(table: TableDeclaration) {
    let names = table.columns.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names).isSuperset(of: table.orderBy))
    #expect(table.columns.first?.name == "time" && table.orderBy.contains("time"))
    #expect(table.columns.allSatisfy { $0.about.hasSuffix(".") || $0.about.contains(":") })
  }

  /// Names that the binder gives to intermediate results must not shadow a column.
  @Test(arguments: TableDeclaration.builtIn)
  func noColumnIsCalledLikeAnIntermediateResult(table: TableDeclaration) {
    let taken = #/[kaplsmqcw][0-9]+|point|address(_[01])?|value|pair|display_name|lost/#
    for column in table.columns {
      #expect(column.name.wholeMatch(of: taken) == nil, "\(column.name)")
    }
  }

  /// Every metric takes every function that says so, alone and grouped by a tag-set tag.
  @Test(arguments: TableDeclaration.builtIn)
  func everyFunctionTakesWhatItSaysItTakes(table: TableDeclaration) throws {
    for query in Self.aggregates(of: table) {
      _ = try QueryCompiler.compile(query, now: FixedDirectory.now, directory: FixedDirectory())
    }
  }

  /// - Parameter every: Whether metrics that are computed alike are each asked for.
  static func aggregates(of table: TableDeclaration, every: Bool = true) -> [String] {
    let tag =
      table.columns.contains { $0.name == "tag_set_id" }
      ? "auto_service"
      : table.columns.contains { $0.name == "tag_set_id_1" } ? "auto_service_1" : ""
    var seen: Set<String> = []
    let metrics = MetricDeclaration.metrics(of: table).filter { metric in
      let shape = "\(metric.definition(in: table)!)".prefix { $0 != "(" }
      return every || seen.insert("\(metric.kind) \(shape)").inserted
    }
    return metrics.flatMap { metric in
      FunctionDeclaration.builtIn.filter { $0.accepts.contains(metric.kind) }.flatMap { function in
        let more =
          switch function.name {
          case "Percentile", "PercentileExact": ", 95"
          case "Apdex": ", 1000"
          case "Histogram": ", 5"
          default: ""
          }
        let call = "\(function.name)(\(metric.name)\(more))"
        let from = "FROM \(table.qualifiedName)"
        return ["SELECT \(call) \(from)"]
          + (tag.isEmpty ? [] : ["SELECT \(tag), \(call) \(from) GROUP BY \(tag)"])
      }
    }
  }

  @Test func functionNamesAreUnique() {
    let names = FunctionDeclaration.builtIn.map { $0.name.lowercased() }
    #expect(Set(names).count == names.count)
  }
}

extension TableDeclaration: CustomTestStringConvertible {
  /// Its name: all of it is hundreds of columns.
  var testDescription: String { qualifiedName }
}
