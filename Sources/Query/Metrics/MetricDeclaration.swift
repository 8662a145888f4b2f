// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A figure to aggregate, and how each table computes it.
package struct MetricDeclaration: Hashable, Sendable {
  /// Decides which functions make sense (see ``FunctionDeclaration/accepts``) and what they do.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Adds up over rows and time.
    case counter
    /// A level: adds up over rows, but not over time.
    case gauge
    /// A value inside fixed bounds.
    case boundedGauge = "bounded_gauge"
    /// A duration; zeros mean "not measured" and are ignored.
    case delay
    /// A share, shown times 100.
    case percentage
    /// One counter per another.
    case quotient
    /// Rows themselves.
    case other
  }

  /// One way to compute the figure; it applies to tables that have what it names.
  package enum Definition: Hashable, Sendable {
    /// A column holds it.
    case column(String)
    /// The rows of a log that meet every condition count 1.
    case rowsMeeting([Condition])
    /// Every row of a log counts 1.
    case rows
    /// The sum of columns, null as 0.
    case total([String])
    /// Durations folded into a sum, a count and a maximum.
    case folded(sum: String, count: String, max: String)
    /// One metric over another; `complement` is 1 minus that.
    case ratio(String, of: String, complement: Bool)
  }

  /// That a column has one of some numbers.
  package struct Condition: Hashable, Sendable {
    package var column: String
    package var numbers: [Int]

    package init(_ column: String, _ numbers: [Int]) {
      self.column = column
      self.numbers = numbers
    }
  }

  package var name: String
  package var kind: Kind
  /// The first that applies to a table counts.
  package var definitions: [Definition]
  /// `us`, `byte`, `%` or empty.
  package var unit: String
  package var displayName: String
  package var category: String
  package var about: String

  package init(
    _ name: String, _ kind: Kind, _ definitions: [Definition], unit: String = "",
    display: String, category: String, about: String
  ) {
    self.name = name
    self.kind = kind
    self.definitions = definitions
    self.unit = unit
    self.displayName = display
    self.category = category
    self.about = about
  }

  /// How `table` computes the figure; nil when it cannot.
  package func definition(in table: TableDeclaration) -> Definition? {
    definitions.first { definition in
      switch definition {
      case .column(let name): table.hasColumn(name)
      case .rowsMeeting(let conditions):
        table.isLog && conditions.allSatisfy { table.hasColumn($0.column) }
      case .rows: table.isLog
      case .total(let names): names.allSatisfy(table.hasColumn)
      case .folded(let sum, let count, let max):
        table.hasColumn(sum) && table.hasColumn(count) && table.hasColumn(max)
      case .ratio(let part, let whole, _):
        [part, whole].allSatisfy { name in
          Self.builtIn.contains { $0.name == name && $0.definition(in: table) != nil }
        }
      }
    }
  }

  /// The metrics of a table, in the order of their declaration.
  package static func metrics(of table: TableDeclaration) -> [MetricDeclaration] {
    builtIn.filter { $0.definition(in: table) != nil }
  }
}

extension MetricDeclaration.Definition {
  /// The rows of a log whose column has one of these numbers count 1.
  static func rowsWhere(_ column: String, in numbers: [Int]) -> Self {
    .rowsMeeting([.init(column, numbers)])
  }
}

extension TableDeclaration {
  /// Whether a row is one event, not a point of a time series.
  var isLog: Bool { interval == 0 }

  func hasColumn(_ name: String) -> Bool { columns.contains { $0.name == name } }
}
